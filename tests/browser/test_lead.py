"""What a press changed comes before the visitor's eyes, however long the page is."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("path", "button", "shown"),
    [
        ("attention", "Work this weight out by hand", ".st-key-by_hand"),
        ("attention", "Work its row's sum out by hand", ".st-key-by_hand"),
        ("layer_norm", "Work this number out by hand", ".st-key-worked"),
        ("feed_forward", "Silence this whole layer", ".st-key-silence_neurons"),
        ("residual", "Explain the runner-up", ".st-key-explain-token"),
        ("tokens", "End with a space", ".st-key-space-without"),
        ("embedding", "Look up ␣three", ".st-key-is_centered"),
        ("position", "Leave the position rows out", ".st-key-without_positions"),
    ],
)
def test_the_page_scrolls_to_where_a_press_shows(visit, path, button, shown):
    page = visit(path)
    expect(page.locator(shown)).not_to_be_in_viewport()
    page.get_by_role("button", name=button).click()
    expect(page.locator(shown)).to_be_in_viewport()


def test_a_page_stays_where_it_is_when_what_was_pressed_shows_there(visit):
    page = visit("feed_forward")
    page.set_viewport_size({"width": 1280, "height": 2200})
    page.get_by_role("button", name="Bend with ReLU instead").click()
    expect(page.get_by_text("This is a what-if of this one layer")).to_be_visible()
    page.wait_for_timeout(600)
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0


def test_a_cell_before_the_norm_opens_its_own_calculation(visit):
    page = visit("layer_norm?cells=x+before")
    page.locator(".st-key-cells_drawn canvas").first.click(position={"x": 200, "y": 40})
    expect(page.locator(".st-key-worked [aria-checked=true]")).to_have_text("x")


def test_on_a_narrow_screen_the_strip_shows_the_stage_you_are_at(visit, page):
    page.set_viewport_size({"width": 390, "height": 844})
    visit("residual")
    expect(page.locator(".st-key-where-here")).to_be_in_viewport(ratio=1)
    page.locator(".st-key-neighbours a", has_text="LayerNorm").click()
    page.get_by_role("heading", name="LayerNorm", exact=True).wait_for()
    expect(page.locator(".st-key-where-here")).to_contain_text("LayerNorm")
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    expect(page.locator(".st-key-where-here")).to_be_in_viewport(ratio=1)
