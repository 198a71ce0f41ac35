"""The output page in a real browser: controls that answer, text that grows, stops and goes back."""

import re
from urllib.parse import parse_qs, urlparse

import pytest
from browser.conftest import n_colours, settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

BARS = ".st-key-bars"
FOCUSED = """() => {
  let node = document.activeElement;
  while (node?.shadowRoot) node = node.shadowRoot.activeElement;
  return node?.getAttribute('aria-label');
}"""


def opened(visit, query="?prompt=Once+upon+a"):
    page = visit(f"output{query}")
    page.locator(f"{BARS} .rows .row").first.wait_for()
    return page


def chips(page):
    return page.locator(".st-key-passage .piece .label").all_text_contents()


def test_a_slider_answers_while_it_is_held_and_its_value_travels_in_the_link(visit):
    page = opened(visit)
    slider = page.get_by_label("Top-k", exact=True)
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, middle, steps=8)
    page.locator(f"{BARS} .cut-text", has_text="Kept: ").wait_for()
    assert "top_k" not in page.url
    page.mouse.up()
    page.wait_for_url(re.compile(r"top_k=\d+"))
    top_k = parse_qs(urlparse(page.url).query)["top_k"][0]
    assert page.get_by_label("Top-k, exact value").input_value() == top_k
    page.reload()
    page.locator(f"{BARS} .cut-text", has_text=f"Kept: {int(top_k):,} of").wait_for()


def test_a_drawn_token_joins_the_text_and_can_be_taken_back(visit):
    page = opened(visit)
    before = chips(page)
    page.get_by_role("button", name="Draw a token").click()
    page.locator(".st-key-passage .piece.drawn").wait_for()
    after = chips(page)
    assert after[: len(before) - 1] == before[:-1]
    assert len(after) == len(before) + 1
    drawn = page.locator(".st-key-passage .piece.drawn")
    drawn.click()
    page.locator(f"{BARS} .row.marked .token").wait_for()
    assert page.locator(f"{BARS} .row.marked .token").text_content() == after[-2]
    assert f"the stretch of {after[-2]}" in page.locator(f"{BARS} .line-text").text_content()
    page.get_by_role("button", name="Undo", exact=True).click()
    page.locator(".st-key-passage .piece.drawn").wait_for(state="detached")
    assert chips(page) == before


def test_the_same_seed_and_text_give_the_same_tokens_singly_and_in_a_row(visit):
    page = opened(visit)
    for count in range(1, 4):
        page.get_by_role("button", name="Draw a token").click()
        page.locator(".st-key-passage .piece.drawn").nth(count - 1).wait_for()
    singly = chips(page)
    page.get_by_role("button", name="Undo all").click()
    page.locator(".st-key-passage .piece.drawn").first.wait_for(state="detached")
    page.get_by_label("How many", exact=True).fill("3")
    page.get_by_label("How many", exact=True).press("Enter")
    page.get_by_role("button", name="Draw 3 tokens").click()
    page.locator(".st-key-passage .piece.drawn").nth(2).wait_for()
    page.get_by_role("button", name="Draw a token").wait_for()
    assert chips(page) == singly


def test_a_long_generation_can_be_stopped_and_undone_as_a_whole(visit):
    page = opened(visit, "?prompt=Once+upon+a&seed=3")
    before = chips(page)
    page.get_by_label("How many", exact=True).fill("200")
    page.get_by_label("How many", exact=True).press("Enter")
    page.get_by_role("button", name="Draw 200 tokens").click()
    page.locator(".st-key-passage .piece.drawn").nth(3).wait_for()
    page.get_by_role("button", name="Stop drawing").click()
    page.get_by_role("button", name="Draw a token").wait_for()
    settle(page)
    n_drawn = page.locator(".st-key-passage .piece.drawn").count()
    assert 3 < n_drawn < 200
    page.get_by_role("button", name="Undo all").click()
    page.locator(".st-key-passage .piece.drawn").first.wait_for(state="detached")
    assert chips(page) == before


def test_a_drawing_ends_where_its_page_is_left_and_its_tokens_join_the_text(visit):
    page = opened(visit, "?prompt=Once+upon+a&seed=3")
    page.get_by_label("How many", exact=True).fill("200")
    page.get_by_label("How many", exact=True).press("Enter")
    page.get_by_role("button", name="Draw 200 tokens").click()
    page.locator(".st-key-passage .piece.drawn").nth(3).wait_for()
    page.locator(".st-key-where-attention a").click()
    page.get_by_role("heading", name="Causal attention").wait_for()
    # Start token, three words, and what was drawn.
    page.locator(".st-key-box .piece").nth(7).wait_for()
    settle(page)
    n_pieces = page.locator(".st-key-box .piece").count()
    assert n_pieces < 204
    page.locator(".st-key-where-output a").click()
    page.get_by_role("button", name="Draw a token").wait_for()
    settle(page)
    expect(page.locator(".st-key-passage .piece.drawn")).to_have_count(n_pieces - 4)


def test_an_exact_value_out_of_range_says_what_is_used_instead(visit):
    page = opened(visit)
    box = page.get_by_label("Temperature, exact value")
    for typed, used in (("0.006", "0"), ("12", "10")):
        box.fill(typed)
        box.press("Enter")
        page.get_by_text(f"{typed} cannot be: {used} is used.").wait_for()
        expect(box).to_have_value(used)
    box.fill("0.5")
    box.press("Enter")
    page.get_by_text("every logit ÷ 0.5").wait_for()
    expect(page.get_by_text("cannot be")).to_have_count(0)


def test_generation_ends_at_the_context_with_a_sentence(visit):
    page = opened(visit, "?prompt=" + "the+" * 246)
    page.get_by_role("button", name=re.compile(r"^Draw \d+ tokens$")).click()
    page.get_by_text(re.compile("The context is full: |ended the text here")).wait_for()


def test_another_road_is_a_press_on_a_row_and_every_road_is_kept(visit):
    page = opened(visit)
    page.get_by_role("button", name="Draw a token").click()
    page.locator(".st-key-passage .piece.drawn").wait_for()
    first = chips(page)
    page.locator(".st-key-passage .piece.drawn").click()
    page.locator(f"{BARS} .row.marked").wait_for()
    rows = page.locator(f"{BARS} .rows .row:not(.marked) .take")
    rows.nth(1).focus()
    page.keyboard.press("Enter")
    page.locator(".st-key-passage .piece.chosen").wait_for()
    expect(page.locator(".st-key-roads .road")).to_have_count(2)
    page.locator(".st-key-roads .road").first.locator(".step").last.click()
    page.locator(".st-key-passage .piece.drawn").wait_for()
    assert chips(page) == first


def test_a_search_shows_the_rank_of_any_token(visit):
    page = opened(visit)
    page.locator(BARS).get_by_label("Find a token").fill("␣the")
    row = page.locator(f"{BARS} .found .row").first
    row.wait_for()
    assert "id 262, rank" in row.locator(".take").get_attribute("aria-label")


def test_a_pressed_number_is_worked_out_by_hand(visit):
    page = opened(visit)
    columns = page.locator(".st-key-columns")
    columns.locator(".rows tr").nth(1).locator("td").nth(1).click()
    page.get_by_text(re.compile("logit of .* after ␣a")).first.wait_for()
    columns.get_by_label("Go to rank").fill("8192")
    columns.get_by_label("Go to rank").press("Enter")
    columns.get_by_text("ranks 8,183 – 8,192 of 8,192").wait_for()


def test_a_link_opens_the_same_rows_columns_and_number(visit, browser):
    page = opened(visit)
    columns = page.locator(".st-key-columns")
    columns.get_by_label("Find a token").fill("dog")
    page.locator(f"{BARS} .more").click()
    columns.get_by_label("Go to rank").fill("21")
    columns.get_by_label("Go to rank").press("Enter")
    columns.get_by_text("ranks 21 – 30 of 8,192").wait_for()
    columns.locator(".rows td").nth(1).click()
    wanted = ("find_stage=dog", "rows=32", "rank=20", "column=0", "number=")
    page.wait_for_url(lambda url: all(part in url for part in wanted))
    elsewhere = browser.new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.locator(f"{BARS} .rows .row")).to_have_count(32)
    expect(elsewhere.locator(".st-key-columns .where")).to_have_text("ranks 21 – 30 of 8,192")
    expect(elsewhere.locator(".st-key-columns .hits tr")).not_to_have_count(0)
    expect(elsewhere.locator(".st-key-columns .picked .open")).to_have_count(1)
    elsewhere.close()


@pytest.mark.parametrize("milliseconds", [10, 50, 120])
def test_two_presses_in_one_moment_both_count(visit, milliseconds):
    page = opened(visit)
    more = page.locator(f"{BARS} .more").element_handle()
    cell = page.locator(".st-key-columns .rows td").nth(1).element_handle()
    # The second message leaves the browser before it hears what the first one changed.
    page.evaluate(
        "([first, second, pause]) => { first.click(); setTimeout(() => second.click(), pause); }",
        [more, cell, milliseconds],
    )
    wanted = ("rows=32", "column=0", "number=")
    page.wait_for_url(lambda url: all(part in url for part in wanted))
    expect(page.locator(f"{BARS} .rows .row")).to_have_count(32)


def test_every_picture_is_saved_with_its_numbers(visit):
    page = opened(visit)
    page.get_by_role("button", name="Draw a token").click()
    page.locator(".st-key-roads .road").wait_for()
    settle(page)
    for name in ("passage", "bars", "columns", "roads"):
        place = page.locator(f".st-key-{name}")
        with page.expect_download() as waiting:
            place.get_by_role("button", name="Save picture").click()
        assert n_colours(page, waiting.value.path()) > 20, f"{name} is blank"
        with page.expect_download() as waiting:
            place.get_by_role("button", name="Save numbers").click()
        lines = waiting.value.path().read_text("utf-8-sig").splitlines()
        assert len(lines) > 1


def test_the_bars_wait_for_a_guess_and_score_it(visit):
    page = opened(visit)
    page.get_by_text("Guess first").click()
    page.get_by_text("The bars wait").wait_for()
    assert page.locator(f"{BARS} .row").count() == 0
    page.get_by_label("Your guess").fill("time")
    page.get_by_label("Your guess").press("Enter")
    page.get_by_text("Your guess is the token ␣time").wait_for()
    page.get_by_role("button", name="Draw and reveal").click()
    page.get_by_text(re.compile("you said ␣time at 30 %")).wait_for()
    page.locator(f"{BARS} .row.marked").wait_for()
    page.get_by_role("button", name="Next guess").click()
    page.get_by_text("The bars wait").wait_for()


def test_arrow_keys_walk_the_rows_and_the_text(visit):
    page = opened(visit)
    page.locator(f"{BARS} .take").first.focus()
    page.keyboard.press("ArrowDown")
    assert ", rank 2:" in page.evaluate(FOCUSED)
    page.locator(".st-key-passage .piece").nth(1).focus()
    page.keyboard.press("ArrowRight")
    assert "␣upon" in page.evaluate(FOCUSED)
    page.keyboard.press("Enter")
    page.get_by_text("What was expected at position 2").wait_for()


def test_the_perplexity_is_worked_out_and_put_away_again(visit, browser):
    page = opened(visit)
    told = re.findall(r"e\^loss = ([\d.,]+)\.", page.get_by_text("perplexity e^loss").inner_text())
    page.get_by_role("button", name="Work mean and perplexity out by hand").click()
    panel = page.locator(".st-key-by-hand-loss")
    expect(panel.locator("h4")).to_contain_text("perplexity of the text")
    assert panel.get_by_text(told[0]).count()
    page.wait_for_url(re.compile("opened=loss"))
    elsewhere = browser.new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.locator(".st-key-by-hand-loss h4")).to_contain_text("perplexity of the text")
    elsewhere.close()
    page.get_by_role("button", name="Put the calculation away").click()
    expect(panel).to_have_count(0)
    page.wait_for_url(lambda url: "opened" not in url)
