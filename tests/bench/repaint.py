"""How soon the pages inside the block are repainted, and all heads of a GPT-2-small shape shown.

    python tests/bench/repaint.py [times]          the four pages, 64 and 256 tokens
    python tests/bench/repaint.py small            all heads of GPT-2 small's shape, 256 tokens

The clock runs in the page. It starts with the click, or when the typed text settles (250 ms after
the key), and stops at the first frame after the page's last change: the script has ended, and
nothing in any element has changed since. The first picture of a page stands long before that; its
time is in brackets. Each text is new; blocks, heads and tokens go to and fro. In one browser
against one server, both on this machine. Random weights: only sizes count.
"""

import contextlib
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright
from serving import ROOT, app, chromium

sys.path.insert(0, str(ROOT))

SENTENCE = "The cat sat on the mat and looked at the door. "
SETTLE_MS, QUIET_MS = 250, 120
LIMITS = {64: 300, 256: 1000}
MOST_BYTES = 2_000_000
HEADS_SECONDS = 3
COMMIT = "0" * 40
# Each page's first picture.
PICTURES = {
    "attention": "map",
    "feed_forward": "widening",
    "residual": "stream",
    "layer_norm": "cells_drawn",
}
# Tells when the page was changed last, and its picture first, after `begin`.
WATCH = """(picture) => {
  if (window.glassboxStop) window.glassboxStop();
  const seen = { start: null, first: null, last: null };
  window.glassbox = seen;
  const every = { childList: true, subtree: true, attributes: true, characterData: true };
  const changed = (isPicture) => {
    if (seen.start === null) return;
    const now = () => requestAnimationFrame(() => {
      seen.last = performance.now();
      if (isPicture) seen.first ??= seen.last;
    });
    now();
  };
  const watched = new WeakSet(), watchers = [];
  const watch = (node, isPicture, isPage = false) => {
    if (watched.has(node)) return;
    watched.add(node);
    const watcher = new MutationObserver(() => { changed(isPicture); if (isPage) find(); });
    watcher.observe(node, every);
    watchers.push(watcher);
  };
  const find = () => {
    for (const host of document.querySelectorAll('[data-testid=stMain] *')) {
      if (host.shadowRoot) watch(host.shadowRoot, Boolean(host.closest(`.st-key-${picture}`)));
    }
  };
  watch(document.querySelector('[data-testid=stMain]'), false, true);
  find();
  window.glassboxStop = () => watchers.forEach((watcher) => watcher.disconnect());
  seen.begin = () => { seen.start = performance.now(); };
}"""
DONE = """(quiet) => {
  const seen = window.glassbox, app = document.querySelector('[data-testid=stApp]');
  // The state of the script can come and go between two looks: the picture says that it ran.
  if (seen.first === null || app.dataset.testScriptState !== 'notRunning') return null;
  if (performance.now() - seen.last < quiet) return null;
  return [seen.last - seen.start, seen.first - seen.start];
}"""
IDLE = """() => !document.querySelector('[data-testid=stSkeleton]')
  && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"""
CLICK = """([selector, index]) => {
  const roots = [document, ...[...document.querySelectorAll('*')].map((n) => n.shadowRoot)];
  const found = roots.filter(Boolean).flatMap((root) => [...root.querySelectorAll(selector)]);
  window.glassbox.begin();
  found[index].click();
}"""


def timed(page, name, act, *, waited=0):
    """Return the milliseconds until the page is repainted after `act`, and until its picture is."""
    page.wait_for_timeout(QUIET_MS)
    page.wait_for_function(IDLE, timeout=60_000, polling=20)
    page.evaluate(WATCH, PICTURES[name])
    act()
    handle = page.wait_for_function(DONE, arg=QUIET_MS, timeout=60_000, polling=20)
    return tuple(milliseconds - waited for milliseconds in handle.json_value())


def click(page, selector, index=0):
    return lambda: page.evaluate(CLICK, [selector, index])


def type_one(page, number):
    def act():
        page.keyboard.press("End")
        page.evaluate(
            "document.addEventListener('keydown', () => window.glassbox.begin(),"
            " { capture: true, once: true })"
        )
        page.keyboard.type(" abcdefghijklmnopqrstuvwxyz"[1 + number % 26])

    return act


def step(page, part):
    """Return a click on one of the two arrows of a picker, there and back."""

    def act(number):
        return click(page, f".st-key-pick-{part}-{('next', 'previous')[number % 2]} button")

    return act


def measured(page, name, times):
    """Return, for each kind of change that the page has, the times of many."""
    changes = {
        "token": lambda number: click(page, ".piece", 3 + number % 2),
        "block": step(page, "block"),
    }
    if name == "attention":
        changes["head"] = step(page, "head")
    page.locator(".st-key-box textarea").first.click()
    # While the last token is the chosen one: what earlier ones show does not change with the text.
    found = {
        "prompt": [
            timed(page, name, type_one(page, number), waited=SETTLE_MS) for number in range(times)
        ]
    }
    for kind, change in changes.items():
        # The first of each meets what nobody asked for yet.
        found[kind] = [timed(page, name, change(number)) for number in range(times + 2)][2:]
    return found


def text_of(n_tokens):
    """Return a text that is about so many tokens with the start token in front."""
    from model.catalog import EMBEDDED, known_models
    from model.tokenizer import tokenizer

    cutter = tokenizer(known_models()[EMBEDDED].config.vocab_size)
    words, count = SENTENCE * 40, n_tokens - 1
    pieces = cutter.encode(words).pieces[:count]
    return b"".join(pieces).decode()


@contextlib.contextmanager
def counted(page):
    """Give a list to which the size of every message from the server is added."""
    sizes = []

    def listen(socket):
        socket.on("framereceived", lambda payload: sizes.append(len(payload)))

    page.on("websocket", listen)
    yield sizes


def report(name, n_tokens, kind, found):
    whole = statistics.median(times[0] for times in found)
    first = statistics.median(times[1] for times in found)
    limit = LIMITS[n_tokens]
    verdict = "" if whole <= limit else "  over the limit"
    print(
        f"{name:14}{n_tokens:5}  {kind:8}{whole:6.0f} ms ({first:4.0f})  of {limit}{verdict}",
        flush=True,
    )


def pages(times):
    with app() as address, sync_playwright() as playwright:
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        print("page         tokens  change  median (its first picture), limit")
        with counted(page) as sizes:
            for n_tokens in LIMITS:
                for name in PICTURES:
                    prompt = text_of(n_tokens).replace(" ", "+")
                    page.goto(f"{address}/{name}?prompt={prompt}")
                    settle(page)
                    for kind, found in measured(page, name, times).items():
                        report(name, n_tokens, kind, found)
        print(f"largest message: {max(sizes) / 1e6:.2f} MB of {MOST_BYTES / 1e6:.0f}")


def settle(page):
    page.locator("h1").first.wait_for(timeout=120_000)
    for _ in range(3):
        page.wait_for_timeout(500)
        page.wait_for_function(IDLE, timeout=120_000)


def write_small(folder):
    """Write random weights of GPT-2 small's sizes where the hub's cache keeps the real ones."""
    import torch

    from model.catalog import known_models
    from model.checkpoints import save_checkpoint
    from model.gpt import GPT

    known = known_models()["gpt2"]
    assert known.repo_id is not None
    place = folder / f"models--{known.repo_id.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    model = GPT(known.config).initialize(torch.Generator().manual_seed(0))
    save_checkpoint(model, place / "snapshots" / COMMIT)


def small():
    """Print how soon all heads of GPT-2 small's shape are drawn after a change of the text."""
    with tempfile.TemporaryDirectory() as folder:
        write_small(Path(folder))
        with app(HF_HUB_CACHE=folder) as address, sync_playwright() as playwright:
            page = chromium(playwright).new_page(viewport={"width": 1280, "height": 900})
            with counted(page) as sizes:
                prompt = (SENTENCE * 30).strip()[:1060].replace(" ", "+")
                page.goto(f"{address}/attention?model=gpt2&prompt={prompt}")
                settle(page)
                page.locator(".st-key-box textarea").first.click()
                found = [heads_after(page, number) for number in range(5)]
    middle = statistics.median(found) / 1000
    print(f"all heads of GPT-2 small's shape: median {middle:.1f} s, at most {HEADS_SECONDS}")
    print(f"largest message: {max(sizes) / 1e6:.2f} MB of {MOST_BYTES / 1e6:.0f}")


def heads_after(page, number):
    """Return the milliseconds from a text that settles to the picture of all its heads."""
    page.evaluate(WATCH, "heads")
    type_one(page, number)()
    page.wait_for_function("() => window.glassbox.first !== null", timeout=120_000, polling=20)
    milliseconds = page.evaluate("window.glassbox.first - window.glassbox.start") - SETTLE_MS
    settle(page)
    return milliseconds


if __name__ == "__main__":
    if sys.argv[1:] == ["small"]:
        small()
    else:
        pages(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
