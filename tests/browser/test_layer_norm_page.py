"""The LayerNorm page under a real hand: cells, toggles, the by-hand panel, the files it gives."""

import pytest
from browser.conftest import settle

pytestmark = pytest.mark.browser


def panel(page):
    return page.locator(".st-key-by-hand")


def test_a_click_on_a_cell_opens_its_arithmetic(visit):
    page = visit("layer_norm?block=2")
    cells = page.locator(".st-key-cells_drawn .stage")
    box = page.locator(".st-key-cells_drawn canvas.cells").bounding_box()
    cells.click(position={"x": box["width"] - 20, "y": 30})
    page.wait_for_function("() => new URL(location).searchParams.has('dim')")
    settle(page)
    dim = page.evaluate("new URL(location).searchParams.get('dim')")
    panel(page).locator("h4", has_text=f"dimension {dim}").wait_for()
    cells.press("ArrowLeft")
    cells.press("Enter")
    panel(page).locator("h4", has_text=f"dimension {int(dim) - 1}").wait_for()


def test_steps_open_by_key_and_long_sums_show_more(visit):
    page = visit("layer_norm?worked=μ")
    hand = panel(page)
    hand.locator("h4").wait_for()
    shown = hand.locator("li").count()
    hand.locator(".more").first.click()
    assert hand.locator("li").count() == shown + 50
    first = hand.locator(".toggle").first
    first.press("ArrowLeft")
    assert hand.locator("li").count() == 1
    first.press("ArrowRight")
    assert hand.locator("li").count() > 1


def test_the_calculation_can_be_taken_away(visit):
    page = visit("layer_norm?worked=σ²")
    with page.expect_download() as saved:
        panel(page).get_by_role("button", name="Save numbers").click()
    lines = saved.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0] == "level,what,symbol,operation,value,count,note"
    assert sum(",square," in line for line in lines) == 256


def test_leaving_gamma_out_shows_the_bars_and_goes_into_the_link(visit):
    page = visit("layer_norm")
    page.get_by_role("button", name="Leave γ out").click()
    page.locator(".st-key-left-out").wait_for()
    page.wait_for_function("() => new URL(location).searchParams.get('gamma') === 'false'")
    page.get_by_role("button", name="Put γ back").wait_for()


def test_norm_and_switches_go_along_to_other_pages_and_links(visit):
    page = visit("layer_norm?norm=ln_2&beta=false")
    page.get_by_role("link", name="Causal attention").first.click()
    page.get_by_role("heading", level=1, name="Causal attention").wait_for()
    settle(page)
    assert "norm=ln_2" in page.url
    page.get_by_role("link", name="LayerNorm").first.click()
    page.locator(".st-key-left-out").wait_for()
    settle(page)
    assert "norm=ln_2" in page.url
    assert "beta=false" in page.url
    panel(page).locator("h4", has_text="ln_2").wait_for()


def test_a_bar_of_the_spreads_opens_its_arithmetic(visit):
    page = visit("layer_norm")
    page.locator(".st-key-spreads .point path").nth(5).click(force=True)
    page.wait_for_url("**norm=ln_2**")
    settle(page)
    page.locator(".st-key-by-hand-spread h4", has_text="spread").wait_for()
    assert "block=2" in page.url


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_page_never_scrolls_sideways(visit, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    visit("layer_norm?block=5")
    panel(page).locator("h4").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == width
