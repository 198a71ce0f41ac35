"""The overview in a browser: its parts lead to their pages, and its name is an address too."""

import re

import pytest
from playwright.sync_api import expect

from model.catalog import EMBEDDED, known_models

pytestmark = pytest.mark.browser


def text_box(page):
    return page.locator(".st-key-box textarea")


def test_a_part_of_the_picture_leads_to_its_page_with_the_text_that_was_chosen(visit):
    page = visit("?prompt=A+dog&block=3")
    page.locator(".part[data-part=position]").click()
    expect(page.locator("h1")).to_have_text("Position")
    expect(page).to_have_url(re.compile(r"/position\?.*prompt=A\+dog"))
    expect(text_box(page)).to_have_value("A dog")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Overview")
    expect(page).to_have_url(re.compile(r"/\?prompt=A\+dog&block=3$"))


def test_each_part_has_a_link_to_press_in_the_strip(visit):
    page = visit()
    pages = ("tokens", "embedding", "position", "residual", "attention", "feed_forward")
    for name in (*pages, "layer_norm", "output"):
        expect(page.locator(f".st-key-where-{name} a")).to_have_count(1)


def test_the_overview_s_name_opens_it_like_every_other_page_s(visit):
    page = visit("overview?prompt=A+dog&block=2&hide=tour")
    expect(page.locator("h1")).to_have_text("Overview")
    expect(page.locator("[role=dialog]")).to_have_count(0)
    expect(text_box(page)).to_have_value("A dog")
    page.locator(".part[data-part=norm]").click()
    expect(page.locator("h1")).to_have_text("LayerNorm")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Overview")
    expect(text_box(page)).to_have_value("A dog")
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def test_the_parameters_of_all_parts_add_up_to_the_models(visit):
    page = visit()
    page.locator(".part[data-part=next] .percent").first.wait_for()

    def count(part):
        text = page.locator(f".part[data-part={part}] .count").first.inner_text()
        return int(text.split()[0].replace(",", ""))

    embeddings = count("embedding") + count("position")
    two_norms = 2 * count("norm")
    assert count("blocks") == count("attention") + count("mlp") + two_norms
    assert count("logits") == 0
    whole = embeddings + 6 * count("blocks") + count("norm")
    assert whole == known_models()[EMBEDDED].config.parameters.total == 6_901_760
    assert page.locator(".total").inner_text().endswith(f"= {whole:,} parameters")
