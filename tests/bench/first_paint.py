"""How soon a visitor sees something after `streamlit run`, and how soon real numbers.

    python tests/bench/first_paint.py [times]

Each time a fresh server and a fresh browser; the clock starts with the server's process.
"""

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "streamlit", "run", "app.py")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def once(browser):
    port = free_port()
    start = time.perf_counter()
    server = subprocess.Popen(
        [*COMMAND, "--server.port", str(port), "--server.headless", "true"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                break
            time.sleep(0.02)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
        page.locator(".st-key-box .token").nth(3).wait_for(timeout=60_000)
        pieces = time.perf_counter() - start
        page.locator(".percent").first.wait_for(timeout=60_000)
        numbers = time.perf_counter() - start
        page.close()
        return pieces, numbers
    finally:
        server.terminate()
        server.wait()


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        found = [once(browser) for _ in range(times)]
    pieces, numbers = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"frame and pieces {pieces:.2f} s (at most 3), numbers {numbers:.2f} s (at most 5)")


if __name__ == "__main__":
    main()
