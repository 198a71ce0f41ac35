"""Presses that follow each other faster than Python answers: none may undo what another chose."""

import re

import pytest
from browser.conftest import settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PAUSES = [50, 120]
TWICE = """([first, second, pause]) => {
  first.click();
  setTimeout(() => second.click(), pause);
}"""


def press_both(page, first, second, pause):
    page.evaluate(TWICE, [first.element_handle(), second.element_handle(), pause])


def press_thrice(place, pause):
    for press in range(3):
        place.evaluate("node => node.click()")
        if press < 2:
            place.page.wait_for_timeout(pause)


def next_block(page):
    return page.locator(".st-key-pick-block-next button").first


@pytest.mark.parametrize("pause", PAUSES)
def test_a_switch_that_a_press_set_stays_set(visit, pause):
    page = visit("layer_norm?prompt=Once+upon+a&block=2")
    press_both(page, page.get_by_role("button", name="Leave γ out"), next_block(page), pause)
    page.wait_for_url(lambda url: "gamma=false" in url and "block=3" in url)
    settle(page)
    expect(page.locator(".st-key-gamma-switch input")).not_to_be_checked()


@pytest.mark.parametrize("pause", PAUSES)
def test_a_choice_that_a_press_made_stays_made(visit, pause):
    page = visit("feed_forward?prompt=Once+upon+a&block=2")
    press_both(page, page.get_by_role("button", name="Bend with ReLU"), next_block(page), pause)
    page.wait_for_url(lambda url: "curve=" in url and "block=3" in url)


@pytest.mark.parametrize("pause", [330, 370])
def test_a_word_taken_apart_while_a_size_is_on_its_way_stays(visit, pause):
    page = visit("tokens?prompt=The+unbelievable+cat+sat")
    page.locator(".st-key-xray .pieces .cell").nth(2).wait_for()
    page.locator(".st-key-xray input[type=number]").fill("700")
    page.locator(".st-key-xray input[type=number]").press("Enter")
    page.wait_for_timeout(pause)
    page.locator(".st-key-xray .pieces .cell").nth(2).click()
    page.wait_for_url(lambda url: "vocab=700" in url and "any_word=" in url)


@pytest.mark.parametrize("pause", [60, 150])
def test_a_switch_pressed_off_on_and_off_is_off(visit, pause):
    page = visit("layer_norm?prompt=Once+upon+a")
    switch = page.locator(".st-key-gamma-switch input")
    press_thrice(switch, pause)
    page.wait_for_url(re.compile("gamma=false"))
    settle(page)
    expect(switch).not_to_be_checked()
    assert "gamma=false" in page.url


@pytest.mark.parametrize("pause", [60, 150])
def test_a_seed_raised_three_times_is_three_higher(visit, pause):
    page = visit("output?prompt=Once+upon+a")
    plus = page.locator(".st-key-seed-box [data-testid=stNumberInputStepUp]")
    press_thrice(plus, pause)
    page.wait_for_url(re.compile("seed=4"))
    expect(page.get_by_label("Seed", exact=True)).to_have_value("4")
