"""How much the open training page slows the training that it shows.

    python tests/bench/open_page.py [pairs]

Trains the 30-second preset on the made stories, by turns with no page anywhere and with the page
open in Chromium, on the same machine; a pair takes about 80 seconds. Training is what the queue of
the app does in both: measuring, samples and saves are part of it. What counts is tokens a second.
Says too how soon after the click the curve has its first point.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright
from serving import ROOT, app, chromium

WANTED = 0.9  # of the speed without a page
WANTED_FIRST = 2.0  # seconds from the click to the first point of the curve
ALONE = "alone"
HAS_POINT = """() => [...document.querySelectorAll('*')].some((each) =>
    /loss \\d/.test(each.shadowRoot?.querySelector('.reading')?.textContent ?? ''))"""
first_points = []


def train_alone():
    """Train in this process, as the app's server does while nobody looks."""
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    from model.allocator import keep_freed_memory
    from model.training.jobs import Jobs
    from model.training.plan import PRESETS
    from model.training.tasks import TASKS

    keep_freed_memory()
    jobs = Jobs(Path(os.environ["GLASSBOX_RUNS"]), is_connected=lambda owner: True)
    text = next(task for task in TASKS if "stories" in task.name).text(400_000, seed=1)
    time.sleep(3)
    token = jobs.submit("bench", PRESETS[0].plan, text)
    while jobs.status(token, "bench").state in ("queued", "running"):
        time.sleep(1)
    jobs.close()


def train_watched():
    """Train as a visitor who looks at the page all the while."""
    with app() as address, sync_playwright() as playwright:
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/train")
        button = page.get_by_role("button", name="Train for 30 seconds")
        button.wait_for(timeout=60_000)
        page.wait_for_timeout(5000)
        start = time.perf_counter()
        button.click()
        page.wait_for_function(HAS_POINT)
        first_points.append(time.perf_counter() - start)
        page.get_by_text("Done after").wait_for(timeout=120_000)
        browser.close()


def tokens_per_second(train):
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GLASSBOX_RUNS"] = folder
        train()
        history = json.loads(next(Path(folder).glob("*/history.json")).read_text())
    return history["steps"][-1]["tokens"] / history["seconds"]


def in_own_process():
    subprocess.run([sys.executable, __file__, ALONE], cwd=ROOT, check=True)


def main(pairs=3):
    ratios = []
    for _ in range(pairs):
        alone = tokens_per_second(in_own_process)
        watched = tokens_per_second(train_watched)
        ratios.append(watched / alone)
        print(
            f"no page: {alone:,.0f} tokens/s, page open: {watched:,.0f}, ratio {ratios[-1]:.3f}",
            flush=True,
        )
    ratio = statistics.median(ratios)
    verdict = "reached" if ratio >= WANTED else "missed"
    first = statistics.median(first_points)
    print(f"first point of the curve after {first:.1f} s; at most {WANTED_FIRST} s wanted")
    print(f"median ratio {ratio:.3f} of {pairs} pairs; at least {WANTED} wanted, {verdict}")


if __name__ == "__main__":
    if sys.argv[1:] == [ALONE]:
        sys.path.insert(0, str(ROOT))
        train_alone()
    else:
        main(*map(int, sys.argv[1:]))
