"""One running app and one Chromium for all browser tests."""

import base64
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_path():
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    path = browser_path()
    if path is None:
        sentence = "no Chromium found: install one, or set CHROMIUM to its path"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
    ]
    return {**browser_type_launch_args, "executable_path": path, "args": arguments}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1280, "height": 900}}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def start_app(tmp_path_factory):
    """Return a function that starts an app of its own and returns its address."""
    running = []

    def start(script="app.py", **environment):
        port = free_port()
        folder = tmp_path_factory.mktemp("app")
        log = folder / "log.txt"
        command = (sys.executable, "-m", "streamlit", "run")
        with log.open("w") as output:
            process = subprocess.Popen(
                [*command, str(script), "--server.port", str(port), "--server.headless", "true"],
                cwd=ROOT,
                env={**os.environ, "GLASSBOX_RUNS": str(folder / "runs"), **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        running.append(process)
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                    return address
            except OSError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
        raise TimeoutError(log.read_text())

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def app_url(start_app):
    """Address of an app that all tests share; what they change stays in their own session."""
    return start_app()


@pytest.fixture
def visit(page, app_url):
    """Return a function that opens a path and waits until its numbers are there."""

    def open_path(path="", *, base=None):
        page.goto(f"{base or app_url}/{path}")
        settle(page)
        return page

    page.set_default_timeout(30_000)
    return open_path


# Texts and tints leave many colours; an empty sheet has one.
COUNT_COLOURS = """async (code) => {
    const blob = await (await fetch(`data:image/png;base64,${code}`)).blob();
    const image = await createImageBitmap(blob);
    const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.width, image.height);
    return new Set(new Uint32Array(data.buffer)).size;
}"""


def n_colours(page, file):
    """Return how many colours a saved picture has."""
    return page.evaluate(COUNT_COLOURS, base64.b64encode(file.read_bytes()).decode())


def settle(page):
    """Wait until the script has run through and nothing is a placeholder any more."""
    page.locator("h1").first.wait_for()
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stSkeleton]')"
        " && !document.querySelector('[data-testid=stStatusWidget]')"
        " && !document.querySelector('[data-test-script-state=running]')"
    )
