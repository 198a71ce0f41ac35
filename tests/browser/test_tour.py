"""The guided tour waits for the visitor's own hand, and can be left and taken up again."""

import pytest
from browser.conftest import settle
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def at_step(page, number):
    expect(page.get_by_text(f"step {number} of 8")).to_be_visible()
    settle(page)
    page.wait_for_timeout(300)


def test_the_tour_goes_on_when_the_visitor_has_done_each_step(visit):
    page = visit()
    page.get_by_role("button", name="Take the tour").click()
    at_step(page, 1)
    page.get_by_role("textbox", name="Your text").press_sequentially(" red")
    at_step(page, 2)
    page.get_by_role("button", name="Draw block 3").click()
    at_step(page, 3)
    page.locator(".st-key-where-tokens a").click()
    at_step(page, 4)
    page.locator(".st-key-box .token").nth(2).click()
    at_step(page, 5)
    page.locator(".st-key-where-attention a").click()
    at_step(page, 6)
    page.locator(".st-key-map canvas").first.click(position={"x": 150, "y": 200})
    at_step(page, 7)
    page.locator(".st-key-where-output a").click()
    at_step(page, 8)
    page.get_by_role("button", name="Draw a token").click()
    expect(page.get_by_label("Guided tour")).to_have_count(0)


def test_the_tour_is_left_and_taken_up_where_it_was(visit):
    page = visit()
    page.get_by_role("button", name="Take the tour").click()
    at_step(page, 1)
    page.get_by_role("button", name="Skip").click()
    at_step(page, 2)
    page.get_by_role("button", name="Leave the tour").click()
    page.get_by_role("button", name="Go on with the tour (2 of 8)").click()
    at_step(page, 2)


def test_on_a_phone_the_sidebar_makes_way_for_the_tour(visit, page):
    page.set_viewport_size({"width": 390, "height": 844})
    visit()
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("button", name="Take the tour").click()
    at_step(page, 1)
    page.get_by_role("button", name="Skip").click()
    at_step(page, 2)


def test_a_link_can_leave_controls_out(visit):
    page = visit("output?hide=tour,model,words,code")
    expect(page.get_by_role("button", name="Take the tour")).to_have_count(0)
    expect(page.get_by_label("Model", exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", name="Why")).to_have_count(0)
    expect(page.get_by_text("The code that ran")).to_have_count(0)
