"""How soon the page answers: when typing settles, when a block, head or control is changed.

    python tests/bench/answer.py [times]

64 tokens on the embedded model, in one browser against one server, both on this machine. The clock
runs in the page: from the moment the text settles (250 ms after the last key) or from the click to
the moment the element that shows the answer has been drawn anew.
"""

import statistics
import sys

from playwright.sync_api import sync_playwright
from serving import app, chromium

TEXT = "The cat sat on the mat and looked at the door. " * 6
SETTLE_MS = 250
# Resolves with the milliseconds until the element called `key` is drawn anew after `act` ran.
WATCH = """([key, type]) => new Promise((resolve) => {
  const host = document.querySelector(`.st-key-${key}`);
  const roots = [...host.querySelectorAll('*')].map((n) => n.shadowRoot).filter(Boolean);
  let start = null;
  const seen = new MutationObserver(() => {
    if (start === null) return;
    seen.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - start));
  });
  const every = { childList: true, subtree: true, attributes: true };
  for (const root of roots) seen.observe(root, every);
  const begin = () => { start = performance.now(); };
  document.addEventListener(type, begin, { capture: true, once: true });
  window.glassboxWatches = true;
})"""


def timed(page, key, event, act):
    page.evaluate("window.glassboxWatches = false")
    page.evaluate(
        f"(arguments_) => {{ window.glassboxTime = ({WATCH})(arguments_) }}", [key, event]
    )
    page.wait_for_function("window.glassboxWatches")
    act()
    milliseconds = page.evaluate("window.glassboxTime")
    page.wait_for_timeout(400)
    return milliseconds


def typing(page, times):
    box = page.locator(".st-key-box textarea")
    box.click()
    page.keyboard.press("Control+End")
    return [
        timed(page, "flow", "keydown", lambda: page.keyboard.type("a")) - SETTLE_MS
        for _ in range(times)
    ]


def changing(page, times):
    found = []
    for number in range(times):
        name = f"Draw block {1 + (number + 1) % 6}"
        button = page.get_by_role("button", name=name, exact=True)
        found.append(timed(page, "flow", "click", button.click))
    return found


def heads(page, times):
    found = []
    for number in range(times):
        button = page.locator(f".st-key-pick-head-{('next', 'previous')[number % 2]} button").first
        found.append(timed(page, "map", "click", button.click))
    return found


def sampling(page, times):
    """Press the ready-made settings in turn: each moves another of the four controls."""
    names = ("Temperature 0.7", "Top-k 40", "Top-p 0.9", "Min-p 0.1")
    found = []
    for number in range(times):
        button = page.get_by_role("button", name=names[number % len(names)], exact=True)
        found.append(timed(page, "bars", "click", button.click))
    return found


def report(name, found):
    found.sort()
    middle, high = statistics.median(found), found[int(0.95 * (len(found) - 1))]
    print(f"{name:34} median {middle:4.0f} ms (at most 300), 95 % {high:4.0f} ms")


def main():
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with app() as address, sync_playwright() as playwright:
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/?prompt={TEXT.strip().replace(' ', '+')}")
        page.locator(".percent").first.wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        report("typing settled -> flow and bars", typing(page, times))
        report("block chosen -> flow", changing(page, times))
        page.locator(".st-key-where-attention a").click()
        page.wait_for_timeout(4000)
        report("head chosen -> attention map", heads(page, times))
        page.locator(".st-key-where-output a").click()
        page.wait_for_timeout(4000)
        report("sampling control moved -> bars", sampling(page, times))


if __name__ == "__main__":
    main()
