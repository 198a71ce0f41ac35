"""The server under a live run is killed, or ended with Ctrl-C; the visitor's tab stays open."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest
from browser.conftest import ROOT, free_port, settle

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def serve(tmp_path):
    """Return a function that starts the app on one port and one folder of runs."""
    port, processes = free_port(), []

    def start():
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py"),
                *("--server.port", str(port), "--server.headless", "true"),
            ],
            cwd=ROOT,
            env={**os.environ, "GLASSBOX_RUNS": str(tmp_path / "runs")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                return process, f"http://127.0.0.1:{port}/train"
            time.sleep(0.1)
        raise TimeoutError

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_a_killed_server_loses_only_what_came_after_the_last_save(serve, page, tmp_path):
    process, address = serve()
    page.set_default_timeout(60_000)
    page.goto(address)
    settle(page)
    page.get_by_role("button", name="Train for 3 minutes").click()
    pointer = "*/state/latest"
    until = time.monotonic() + 90
    while not list((tmp_path / "runs").glob(pointer)):
        assert time.monotonic() < until
        page.wait_for_timeout(200)
    process.send_signal(signal.SIGKILL)
    process.wait()
    saved = next((tmp_path / "runs").glob(pointer)).read_text().removeprefix("step-")
    process, address = serve()
    # The tab finds the new server and its run by itself.
    page.get_by_text(f"Stopped at step {int(saved):,}; it can go on").wait_for()
    page.get_by_role("button", name="Train 30 s longer").click()
    page.get_by_text("Training.").wait_for()
    page.wait_for_timeout(3000)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
