"""Tokens, embedding and position in a browser: sliders, hovering, stepping, clicking, keys."""

import re

import pytest
from browser.conftest import n_colours, settle
from playwright.sync_api import expect

from model.tokenizer import tokenizer

pytestmark = pytest.mark.browser

TEXT = "The unbelievable cat naïvely sat"


def cut(vocab_size):
    return tokenizer(vocab_size).encode(TEXT)


def pane(page, name):
    return page.locator(f".st-key-xray .{name} .list .cell")


# ---- the x-ray


@pytest.fixture
def xray(visit):
    page = visit(f"tokens?prompt={TEXT}")
    expect(pane(page, "ids")).to_have_count(len(cut(8192)) + 1)
    return page


@pytest.mark.parametrize("vocab_size", [257, 700, 8192, 20000, 50257])
def test_any_vocabulary_size_cuts_as_tiktoken_does(xray, vocab_size):
    box = xray.get_by_role("spinbutton", name="Vocabulary size, as a number")
    box.fill(str(vocab_size))
    box.press("Enter")
    tokens = cut(vocab_size)
    expect(pane(xray, "ids")).to_have_text([str(i) for i in (vocab_size - 1, *tokens.ids)])
    bytes_shown = pane(xray, "bytes").all_text_contents()
    assert bytes.fromhex("".join(bytes_shown)) == TEXT.encode()
    assert "".join(pane(xray, "characters").all_text_contents()) == TEXT.replace(" ", "␣")


def test_the_slider_joins_pieces_and_stops_at_the_models_own_size(xray):
    slider = xray.get_by_role("slider", name="Vocabulary size, from bytes to GPT-2")
    slider.press("Home")
    expect(pane(xray, "ids")).to_have_count(len(TEXT.encode()) + 1)
    slider.press("End")
    expect(pane(xray, "ids")).to_have_count(len(cut(50257)) + 1)
    xray.get_by_role("button", name=re.compile("this model")).click()
    expect(pane(xray, "ids")).to_have_count(len(cut(8192)) + 1)


def test_pointing_at_an_id_lights_its_piece_and_its_bytes_and_back(xray):
    pane(xray, "ids").nth(2).hover()
    lit = xray.locator(".st-key-xray .cell.lit")
    piece = cut(8192).pieces[1]
    expect(xray.locator(".st-key-xray .bytes .lit")).to_have_count(len(piece))
    expect(lit).to_have_count(2 + len(piece) + len(piece.decode()))
    pane(xray, "bytes").nth(0).hover()
    expect(xray.locator(".st-key-xray .ids .lit")).to_have_text(str(cut(8192).ids[0]))


def test_a_token_is_reached_and_its_word_taken_apart_by_keys(xray):
    first = pane(xray, "pieces").first
    first.focus()
    first.press("ArrowRight")
    xray.keyboard.press("ArrowRight")
    xray.keyboard.press("Enter")
    expect(xray.locator(".st-key-merges .characters .cell")).to_have_text(list("␣unbelievable"))


def test_the_tokens_and_the_pairs_can_be_saved(xray):
    with xray.expect_download() as waiting:
        xray.locator(".st-key-xray").get_by_role("button", name="Save numbers").click()
    lines = waiting.value.path().read_text("utf-8-sig").splitlines()
    assert [int(line.rsplit(",", 1)[1]) for line in lines[1:]] == [8191, *cut(8192).ids]
    with xray.expect_download() as waiting:
        xray.locator(".st-key-pairs").get_by_role("button", name="Save numbers").click()
    assert len(waiting.value.path().read_text("utf-8-sig").splitlines()) == 1 + len(cut(8192))


def test_a_link_carries_the_vocabulary_size_and_the_word(xray, browser):
    xray.get_by_role("spinbutton", name="Vocabulary size, as a number").fill("700")
    xray.keyboard.press("Enter")
    pane(xray, "pieces").nth(2).click()
    xray.wait_for_url(lambda url: "vocab=700" in url and "any_word=" in url)
    elsewhere = browser.new_page()
    elsewhere.goto(xray.url)
    expect(pane(elsewhere, "ids")).to_have_text([str(i) for i in (699, *cut(700).ids)])
    expect(elsewhere.get_by_role("textbox", name="Any word")).to_have_value("␣unbelievable")
    elsewhere.close()


def test_the_vocabulary_size_survives_a_change_of_page(xray):
    xray.get_by_role("button", name="GPT-2").click()
    xray.wait_for_url(re.compile("vocab=50257"))
    xray.locator(".st-key-where-embedding a").click()
    xray.locator("h1", has_text="Token embedding").wait_for()
    settle(xray)
    xray.locator(".st-key-where-tokens a").click()
    expect(pane(xray, "ids")).to_have_count(len(cut(50257)) + 1)


def test_every_picture_is_saved_whole(xray):
    for name in ("xray", "merges", "forms-0", "space-with", "pairs"):
        with xray.expect_download() as waiting:
            xray.locator(f".st-key-{name}").get_by_role("button", name="Save picture").click()
        assert n_colours(xray, waiting.value.path()) > 20, f"{name} is blank"


# ---- merges


def test_the_merges_step_on_and_back_and_end_in_gpt2s_cut(xray):
    merges = xray.locator(".st-key-merges")
    xray.get_by_role("textbox", name="Any word").fill("␣the")
    expect(merges.locator(".characters .cell")).to_have_text(list("␣the"))
    expect(merges.locator(".line")).to_contain_text("Merge 7 of 50,000: ␣t + he → ␣the (id 262)")
    merges.get_by_role("button", name="To the bytes").click()
    expect(merges.locator(".row.state:not(.hidden)")).to_have_count(1)
    merges.get_by_role("button", name="One merge on").click()
    expect(merges.locator(".line")).to_contain_text("Merge 1 of 50,000: ␣ + t → ␣t (id 256)")
    merges.get_by_role("button", name="One merge back").click()
    expect(merges.locator(".place")).to_have_text("0 of 3 merges")


def test_the_end_of_the_models_vocabulary_is_drawn_after_its_last_merge(xray):
    xray.get_by_role("textbox", name="Any word").fill("␣unbelievably")
    merges = xray.locator(".st-key-merges")
    expect(merges.locator(".characters .cell")).to_have_text(list("␣unbelievably"))
    own = [piece.decode() for piece in tokenizer(8192).encode(" unbelievably").pieces]
    edge = merges.locator(".border")
    last = edge.locator("xpath=preceding-sibling::*[1]")
    labels = last.locator(".piece").evaluate_all("nodes => nodes.map((n) => n.firstChild.data)")
    assert labels == [piece.replace(" ", "␣") for piece in own]


def test_the_merges_play_to_the_end_and_can_be_paused(xray):
    merges = xray.locator(".st-key-merges")
    xray.get_by_role("textbox", name="Any word").fill("␣the")
    expect(merges.locator(".place")).to_have_text("3 of 3 merges")
    merges.get_by_role("button", name="Play the merges").click()
    expect(merges.locator(".place")).to_have_text("1 of 3 merges")
    merges.get_by_role("button", name="Play the merges").click()
    xray.wait_for_timeout(1500)
    expect(merges.locator(".place")).to_have_text("1 of 3 merges")
    merges.get_by_role("button", name="Play the merges").click()
    expect(merges.locator(".place")).to_have_text("3 of 3 merges")


def test_with_reduced_motion_playing_shows_the_end_at_once(visit, page):
    page.emulate_media(reduced_motion="reduce")
    visit(f"tokens?prompt={TEXT}")
    merges = page.locator(".st-key-merges")
    merges.get_by_role("button", name="To the bytes").click()
    merges.get_by_role("button", name="Play the merges").click()
    expect(merges.get_by_role("button", name="One merge on")).to_be_disabled()


# ---- rows


def test_a_neighbour_that_is_clicked_is_looked_up(visit):
    page = visit("embedding?prompt=The+boy")
    first = page.locator(".st-key-nearest button.row").first
    name = first.locator(".token").text_content()
    first.click()
    settle(page)
    expect(page.get_by_text(re.compile("^Nearest tokens$"))).to_be_visible()
    expect(page.locator(".st-key-row")).to_contain_text(name)


def test_a_click_in_the_position_table_chooses_a_dimension_everywhere(visit):
    page = visit("position?prompt=The+boy+ran&query=1")
    stage = page.locator(".st-key-wpe .stage")
    box = stage.bounding_box()
    stage.click(position={"x": box["width"] / 2, "y": 24})
    page.wait_for_url(re.compile(r"dim=\d+"))
    dim = re.findall(r"dim=(\d+)", page.url)[0]
    expect(page.locator(".st-key-by-hand")).to_contain_text(f"dimension {dim}")
    expect(page.locator(".st-key-addition")).to_contain_text(f"dimension {dim}")


def test_a_cell_is_read_by_keys(visit):
    page = visit("position?prompt=The+boy+ran&query=1&dim=5")
    stage = page.locator(".st-key-wpe .stage")
    stage.focus()
    stage.press("ArrowRight")
    expect(page.locator(".st-key-wpe .reading")).to_have_text(
        re.compile("^position 1 · dimension 6: ")
    )
    stage.press("Enter")
    page.wait_for_url(re.compile("dim=6"))


@pytest.mark.parametrize("name", ["tokens", "embedding", "position"])
@pytest.mark.parametrize("width", [390, 1920])
def test_the_page_never_scrolls_sideways(visit, page, name, width):
    page.set_viewport_size({"width": width, "height": 900})
    visit(f"{name}?prompt={'A long text with many words in it. ' * 12}")
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")


# ---- the glossary


@pytest.mark.parametrize("press", ["click", "Enter"])
def test_a_term_that_is_pressed_opens_its_entry_in_the_glossary(visit, press):
    page = visit("tokens?prompt=The+boy")
    before = page.evaluate("history.length")
    term = page.locator(".term[data-term=vocabulary]").first
    if press == "click":
        term.click()
    else:
        term.focus()
        term.press("Enter")
    page.wait_for_url(re.compile("glossary\\?.*glossary_find=vocabulary"))
    expect(page.locator("h5").first).to_have_text("vocabulary")
    expect(page.locator(".st-key-box textarea")).to_have_value("The boy")
    settle(page)
    assert page.evaluate("history.length") == before + 1
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Input and tokens")
    settle(page)
    assert page.url.endswith("/tokens?prompt=The+boy")
