"""How soon a key press is answered by coloured pieces, and how long a pasted megabyte holds up.

    python tests/bench/key_press.py [keys]

The clock starts with the key's own time stamp and stops when the browser has painted the frame
with the new pieces. Python answers in between, as it does when a visitor types.
"""

import statistics
import sys

from playwright.sync_api import sync_playwright
from serving import app, chromium

WANTED = 25  # milliseconds, 95th percentile
WANTED_PASTE = 100  # milliseconds without an answer to the hand
TYPED = " and then the little dog ran home, because it was late; nobody knew (not even Tom) why."
LONG = "Once upon a time there was a small house by the sea, and in it lived an old man. " * 20
WATCH = """() => {
    globalThis.times = [];
    const all = [...document.querySelectorAll('*')];
    const root = all.find(each => each.shadowRoot?.querySelector('.piece')).shadowRoot;
    let pressed = 0;
    root.querySelector('textarea').addEventListener('keydown', e => { pressed = e.timeStamp; });
    new MutationObserver(() => {
        if (!pressed) return;
        const start = pressed;
        pressed = 0;
        requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => times.push(performance.now() - start);
            channel.port2.postMessage(0);
        });
    }).observe(root.querySelector('.list'),
        { childList: true, subtree: true, characterData: true, attributes: true });
}"""
# The longest time in which the page could not answer.
HEARTBEAT = """() => {
    globalThis.worst = 0;
    let last = performance.now();
    setInterval(() => {
        worst = Math.max(worst, performance.now() - last);
        last = performance.now();
    }, 5);
}"""


def key_presses(page, text, keys):
    """Return the milliseconds of each key typed at the end of `text`."""
    area = page.locator("textarea[aria-label='Your text']:visible")
    area.fill(text)
    page.wait_for_timeout(3000)
    page.evaluate("times.length = 0")
    area.press("End")
    typed = (TYPED * (keys // len(TYPED) + 1))[:keys]
    page.keyboard.type(typed, delay=100)
    page.wait_for_timeout(300)
    assert area.input_value() == text + typed, "a key was lost"
    return sorted(page.evaluate("times"))


def paste(page):
    """Return the milliseconds in which nothing is answered while a megabyte is pasted."""
    area = page.locator("textarea[aria-label='Your text']:visible")
    area.fill("The cat")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('twenty thousand letters '.repeat(43690))")
    page.wait_for_timeout(3000)
    page.evaluate("worst = 0")
    page.keyboard.press("Control+V")
    # Before Python answers: what the page does with the answer is not the paste's.
    page.wait_for_timeout(200)
    return page.evaluate("worst")


def report(name, times, wanted):
    p95 = times[int(0.95 * (len(times) - 1))]
    verdict = "reached" if p95 <= wanted else "missed"
    print(
        f"{name}: median {statistics.median(times):.1f} ms, 95th percentile {p95:.1f} ms "
        f"of {len(times)}; at most {wanted} ms wanted, {verdict} ({p95 / wanted:.2f} of it)"
    )


def main(keys=120):
    with app() as address, sync_playwright() as playwright:
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.locator(".piece").first.wait_for(timeout=60_000)
        page.wait_for_timeout(3000)
        page.evaluate(WATCH)
        report("about 20 tokens", key_presses(page, "The cat sat on the mat", keys), WANTED)
        report("a full context of 256", key_presses(page, LONG.strip(), keys), WANTED)
        page.evaluate(HEARTBEAT)
        pastes = [paste(page) for _ in range(5)]
        report("a pasted megabyte", sorted(pastes), WANTED_PASTE)
        browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
