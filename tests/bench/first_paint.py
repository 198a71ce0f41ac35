"""How soon a visitor sees something after `streamlit run`, and how soon real numbers.

    python tests/bench/first_paint.py [times]

Each time a fresh server and a fresh browser; the clock starts with the server's process.
"""

import statistics
import sys
import time

from playwright.sync_api import sync_playwright
from serving import app, chromium


def once(browser):
    start = time.perf_counter()
    with app() as address:
        page = browser.new_page()
        page.goto(address, wait_until="commit")
        page.locator(".st-key-box .token").nth(3).wait_for(timeout=60_000)
        pieces = time.perf_counter() - start
        page.locator(".percent").first.wait_for(timeout=60_000)
        numbers = time.perf_counter() - start
        page.close()
        return pieces, numbers


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        found = [once(browser) for _ in range(times)]
    pieces, numbers = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"frame and pieces {pieces:.2f} s (at most 3), numbers {numbers:.2f} s (at most 5)")


if __name__ == "__main__":
    main()
