"""What only a real browser shows: deep links, Back, reload, text that must stay text, axe."""

import re
from urllib.parse import parse_qs, quote, urlparse

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.conftest import settle
from playwright.sync_api import expect

from model.tokenizer import MAX_CHARACTERS
from pages.parts.stages import STAGES

pytestmark = pytest.mark.browser

HOSTILE = "<script>window.hit=1</script><style>*{display:none!important}</style> $\\LaTeX$ **md**"


def query(page):
    return {key: values[0] for key, values in parse_qs(urlparse(page.url).query).items()}


def type_text(page, text):
    box = page.get_by_role("textbox", name="Your text")
    box.fill(text)
    box.press("Control+Enter")


def test_a_deep_link_on_a_fresh_server_opens_the_whole_app(start_app, page):
    address = start_app()
    page.goto(f"{address}/attention?prompt=Hello+there&block=2")
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Causal attention")
    expect(page.get_by_role("textbox", name="Your text")).to_have_value("Hello there")
    assert query(page)["block"] == "2"


def test_the_text_and_the_selection_survive_a_page_change_a_reload_and_back(visit):
    page = visit("?prompt=A+red+fox&block=3&head=2")
    page.get_by_role("link", name="attention", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Causal attention")
    settle(page)
    assert query(page) == {"prompt": "A red fox", "block": "3", "head": "2"}
    type_text(page, "A red fox jumps")
    page.wait_for_url(re.compile("jumps"))
    page.reload()
    settle(page)
    expect(page.get_by_role("textbox", name="Your text")).to_have_value("A red fox jumps")
    page.go_back()
    settle(page)
    assert query(page)["block"] == "3"


@pytest.mark.parametrize(
    ("path", "pressed", "ends"),
    [
        ("tokens", ".st-key-where-attention a", "/attention?prompt=Once+upon+a"),
        ("output", ".st-key-draw button", "/output?prompt=Once+upon+a+"),
    ],
)
def test_what_was_typed_a_moment_before_a_press_is_kept(visit, path, pressed, ends):
    page = visit(f"{path}?prompt=Once")
    page.wait_for_timeout(500)
    box, place = page.get_by_role("textbox", name="Your text"), page.locator(pressed).bounding_box()
    box.press("End")
    page.keyboard.type(" upon a")
    page.mouse.move(place["x"] + 9, place["y"] + 9)
    page.mouse.down()
    page.wait_for_timeout(60)
    page.mouse.up()
    page.wait_for_url(lambda url: ends in url)
    settle(page)
    expect(box).to_have_value(re.compile("^Once upon a"))
    expect(page.locator(".st-key-box .piece .label").nth(3)).to_have_text("␣a")


@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
def test_hostile_text_stays_text(visit, name):
    page = visit(f"{name}?prompt={quote(HOSTILE)}")
    assert page.evaluate("window.hit") is None
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.locator(".katex").filter(has_text="LaTeX").count() == 0
    assert page.get_by_role("alert").count() == 0


def test_of_a_pasted_megabyte_the_end_is_kept_and_nothing_hangs(visit):
    page = visit()
    pasted = "All work and no play. " * 50_000
    type_text(page, pasted)
    expect(page.get_by_text("a link carries only its end").first).to_be_visible()
    settle(page)
    box = page.get_by_role("textbox", name="Your text")
    assert box.input_value() == pasted[-MAX_CHARACTERS:]
    assert page.get_by_role("alert").count() == 0
    assert len(page.url) < 8000


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
def test_axe_finds_no_serious_violation(visit, page, name, scheme):
    page.emulate_media(color_scheme=scheme)
    visit(name)
    page.wait_for_timeout(1500)
    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in serious] == []


@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_never_scrolls_sideways(visit, page, name, width):
    page.set_viewport_size({"width": width, "height": 900})
    visit(name)
    main = "document.querySelector('[data-testid=stMain]')"
    assert page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")


def test_nothing_is_asked_of_another_machine(page, app_url):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(app_url)
    settle(page)
    assert [url for url in asked if not url.startswith((app_url, "data:", "blob:"))] == []
