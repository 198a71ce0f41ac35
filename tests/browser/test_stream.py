"""The residual and feed-forward pages in a browser: what a click, a key and a saved file do."""

import csv
import re

import pytest
from browser.conftest import settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def text_of(page, selector):
    return page.locator(selector).inner_text()


def test_a_cell_of_the_lens_leads_to_its_bars_and_into_the_link(visit):
    page = visit("residual?prompt=The+cat+sat+on+the")
    stage = page.locator(".st-key-lens-grid .stage")
    stage.focus()
    for key in ("ArrowUp", "ArrowLeft", "Enter"):
        stage.press(key)
    page.wait_for_url(re.compile("lens=5"))
    settle(page)
    assert "query=4" in page.url
    assert page.get_by_text("Position 4, read after block 5").is_visible()


def test_an_entry_of_the_ledger_opens_its_arithmetic_and_selects_its_head(visit):
    page = visit("residual?prompt=The+cat+sat+on+the")
    ledger = page.locator(".st-key-ledger")
    ledger.locator("button.toggle").nth(4).click()
    ledger.locator("button.face", has_text="head 3").first.click()
    page.wait_for_url(re.compile("head=2"))
    settle(page)
    assert "block=2" in page.url
    expect(page.locator(".st-key-by-hand-ledger")).to_contain_text("minus the mean logit")


def test_any_token_can_be_searched_and_explained(visit):
    page = visit("residual?prompt=The+cat+sat+on+the")
    chooser = page.locator(".st-key-explain-token")
    chooser.locator("input").fill("dog")
    chooser.locator(".found button").first.click()
    page.wait_for_url(re.compile("explain=3290"))
    settle(page)
    line = page.locator(".st-key-silence_stream-bars .standing")
    expect(line).to_contain_text("␣dog")


def test_a_dot_of_the_curve_is_chosen_by_keyboard(visit):
    page = visit("feed_forward?block=2&neuron=7&prompt=The+cat+sat+on+the")
    stage = page.locator(".st-key-bend .stage")
    stage.focus()
    stage.press("ArrowRight")
    neuron = re.findall(r"Neuron (\d+)", text_of(page, ".st-key-bend .reading"))[0]
    stage.press("Enter")
    page.wait_for_url(re.compile(f"neuron={neuron}(&|$)"))
    settle(page)
    assert neuron != "7"
    assert page.get_by_text(f"Neuron {neuron} of block 3").is_visible()


def test_the_numbers_of_the_ledger_can_be_taken_away(visit, tmp_path):
    page = visit("residual?prompt=The+cat+sat+on+the")
    with page.expect_download() as download:
        page.locator(".st-key-ledger button", has_text="Save numbers").click()
    file = tmp_path / "ledger.csv"
    download.value.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    entries = [float(row["logit"]) for row in rows if row["is_sum_of_rows_below"] == "false"]
    assert len(entries) == 69
    line = page.get_by_text("Checksum: 69 entries add up to").inner_text()
    assert f"{sum(entries):.5f}"[:6] in line


@pytest.mark.parametrize("name", ["residual", "feed_forward"])
def test_a_narrow_screen_never_scrolls_sideways(visit, page, name):
    page.set_viewport_size({"width": 390, "height": 800})
    page = visit(name)
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_bars_with_a_part_silenced_open_their_arithmetic(visit):
    page = visit("residual?prompt=The+cat+sat+on+the")
    bars, panel = (page.locator(f".st-key-silence_stream-bars{end}") for end in ("", "-by-hand"))
    bars.locator(".track").nth(1).click()
    expect(panel.locator("h4")).to_contain_text("probability of")
    bars.locator("td.change button").first.click()
    expect(panel.locator("h4")).to_contain_text("how far the logit of")
    expect(bars.locator("td.change button").first).to_have_attribute("aria-pressed", "true")
    bars.get_by_role("button", name=re.compile("^distance")).press("Enter")
    expect(panel.locator("h4")).to_contain_text("distance between the two distributions")
    assert not panel.locator(".far").count()


def test_a_bar_of_the_lens_opens_its_arithmetic(visit):
    page = visit("residual?lens=2&prompt=The+cat+sat+on+the")
    page.locator(".st-key-lens-bars .take").nth(2).click()
    panel = page.locator(".st-key-by-hand-lens")
    expect(panel.locator("h4")).to_contain_text("probability of")
    page.locator(".st-key-lens_number").get_by_role("radio", name="logit").click()
    expect(panel.locator("h4")).to_contain_text("after block 2")
    assert not panel.locator(".far").count()


def test_a_length_of_the_stream_opens_its_arithmetic(visit):
    page = visit("residual?prompt=The+cat+sat+on+the")
    page.locator(".st-key-stream text.press[tabindex='0']").first.press("Enter")
    panel = page.locator(".st-key-by-hand-stream")
    expect(panel.locator("h4")).to_contain_text("length of what attention of block 1 adds")


def test_a_bar_of_a_neuron_opens_its_arithmetic(visit):
    page = visit("feed_forward?prompt=The+cat+sat+on+the")
    page.locator(".st-key-firing button.face").nth(3).click()
    expect(page.locator(".st-key-by-hand-neuron h4")).to_contain_text("output of neuron")


def panels(page):
    """Return the titles of the calculations that are open."""
    page.wait_for_timeout(500)
    settle(page)
    return page.locator("[class*=st-key-by-hand] h4, [class*=-by-hand] h4").all_inner_texts()


def test_a_link_opens_the_same_calculations(visit, browser):
    page = visit("residual?prompt=The+cat+sat+on+the&block=1&query=3")
    page.locator(".st-key-stream text.press[tabindex='0']").first.press("Enter")
    page.wait_for_url(re.compile("opened=stream-"))
    page.locator(".st-key-ledger button.face").nth(2).click()
    page.wait_for_url(re.compile("ledger-"))
    page.locator(".st-key-lens-bars .take").nth(2).click()
    page.wait_for_url(re.compile("lens-"))
    page.locator(".st-key-lens_number").get_by_role("radio", name="rank").click()
    page.wait_for_url(re.compile("lens_number=rank"))
    page.locator(".st-key-silence_stream-bars td.change button").first.click()
    page.wait_for_url(re.compile("silence_stream_bars-logit-change-"))
    page.get_by_text("Further pictures").click()
    page.wait_for_url(re.compile("further=true"))
    here = panels(page)
    assert len(here) == 4
    elsewhere = browser.new_page()
    elsewhere.goto(page.url)
    settle(elsewhere)
    assert panels(elsewhere) == here
    expect(elsewhere.locator(".st-key-ranks")).to_be_visible()
    elsewhere.close()


def test_a_link_opens_the_same_number_of_a_neuron(visit, browser):
    page = visit("feed_forward?prompt=The+cat+sat+on+the&block=1")
    page.locator(".st-key-strip").get_by_role("radio", name="before the curve").click()
    page.wait_for_url(re.compile("strip=before"))
    page.locator(".st-key-written button.face").nth(3).click()
    page.wait_for_url(re.compile("opened=neuron-"))
    here = panels(page)
    assert len(here) == 2
    elsewhere = browser.new_page()
    elsewhere.goto(page.url)
    settle(elsewhere)
    assert panels(elsewhere) == here
    elsewhere.close()
