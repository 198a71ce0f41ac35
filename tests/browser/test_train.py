"""A visitor trains, walks, downloads and uploads in a real browser, and a reload finds it all."""

import re

import pytest
from browser.conftest import settle
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What the server sent, as it came.
received: list[bytes | str] = []
HAS_POINT = """() => [...document.querySelectorAll('*')].some((each) =>
    /loss \\d/.test(each.shadowRoot?.querySelector('.reading')?.textContent ?? ''))"""


@pytest.fixture(scope="module")
def context(browser):
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    yield made
    made.close()


@pytest.fixture(scope="module")
def page(context, app_url):
    """One tab for the whole story: the tests of this file go on from each other."""
    tab = context.new_page()
    tab.on("websocket", lambda socket: socket.on("framereceived", keep))
    tab.set_default_timeout(60_000)
    tab.goto(f"{app_url}/train")
    settle(tab)
    tab.wait_for_timeout(3000)
    return tab


def keep(frame):
    received.append(frame)


def line(page):
    return page.locator(".st-key-run-line")


def test_a_click_brings_the_first_point_of_the_curve(page):
    # Long enough for the story, however slow the machine.
    page.get_by_role("button", name="Train for 3 minutes").click()
    page.wait_for_function(HAS_POINT)
    page.get_by_role("button", name="Stop training").wait_for()
    page.get_by_text(re.compile(r"After step \d+ it wrote")).wait_for()


def test_another_page_says_how_the_run_goes_and_is_not_run_again_for_it(page):
    page.locator(".st-key-where-tokens a").click()
    page.get_by_role("heading", name="Input and tokens").wait_for()
    line(page).get_by_text("Training").wait_for()
    settle(page)
    page.wait_for_timeout(1000)
    received.clear()
    before = line(page).inner_text()
    page.wait_for_function(
        "(before) => document.querySelector('.st-key-run-line').innerText !== before", arg=before
    )
    page.wait_for_timeout(4000)
    messages = [ForwardMsg.FromString(frame) for frame in received if isinstance(frame, bytes)]
    ends = [found.script_finished for found in messages if found.HasField("script_finished")]
    assert set(ends) == {ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}
    assert sum(map(len, received)) / len(ends) < 10_000


def test_a_reload_finds_the_run_again(page):
    page.reload()
    settle(page)
    line(page).get_by_text("Training").wait_for()
    line(page).get_by_text("Open the run").click()
    page.get_by_role("button", name="Stop training").wait_for()


def test_another_visitor_sees_nothing_of_it(browser, app_url, page):
    other = browser.new_context().new_page()
    other.goto(f"{app_url}/train")
    settle(other)
    assert other.get_by_role("button", name="Train for 30 seconds").is_visible()
    assert not other.get_by_text("Stop training").count()
    other.context.close()
    assert page.get_by_role("button", name="Stop training").is_visible()


def test_a_second_tab_waits_in_the_queue_and_leaves_the_first_alone(context, app_url, page):
    second = context.new_page()
    second.goto(f"{app_url}/train")
    settle(second)
    assert not second.get_by_text("Stop training").count()
    second.get_by_role("button", name="Train for 30 seconds").click()
    second.get_by_text("one run is before yours").wait_for()
    second.close()
    page.wait_for_timeout(1500)
    assert page.get_by_role("button", name="Stop training").is_visible()
    assert not page.get_by_text("Stopped.").count()


def test_a_stopped_run_is_downloaded_uploaded_and_walked(page, tmp_path):
    page.get_by_role("button", name="Stop training").click()
    page.get_by_text("Stopped.").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the model").click()
    download.value.save_as(tmp_path / "toads.zip")
    page.get_by_text("Upload a model you downloaded").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "toads.zip")
    page.get_by_text("is here: on top of this page").wait_for()
    page.get_by_text("Uploaded. It has not been trained here yet.").wait_for()
    page.get_by_role("button", name="Look into it on every page").click()
    page.locator(".st-key-run-way").get_by_text("Causal attention").click()
    page.get_by_role("heading", name="Causal attention").wait_for()
    settle(page)
    assert page.locator(".st-key-model_picker input").input_value() == "Your model 2 (toads)"


def test_a_tab_that_closes_ends_its_run(browser, app_url, page):
    """Another visitor's run begins at once only when nobody else's is under way."""
    left = browser.new_context().new_page()
    left.goto(f"{app_url}/train")
    settle(left)
    left.get_by_role("button", name="Train for 3 minutes").click()
    left.wait_for_function(HAS_POINT)
    left.context.close()
    page.goto(f"{app_url}/train")
    settle(page)
    page.get_by_role("button", name="Train for 30 seconds").click()
    page.get_by_text("one run is before yours").wait_for()
    page.get_by_role("button", name="Stop training").wait_for()
    page.wait_for_function(HAS_POINT, timeout=30_000)
    page.get_by_role("button", name="Stop training").click()
