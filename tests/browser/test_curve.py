"""The strong line of a curve, on its own: the mean of the last tenth of the steps so far."""

import pytest

from pages.components.element import ASSETS

pytestmark = pytest.mark.browser

SMOOTH = """([code, x, y]) => {
    const text = code.replace("export default function", "function element");
    return new Function("x", "y", `${text}; return smooth(x, y);`)(x, y);
}"""


def smoothed(page, x, y):
    code = (ASSETS / "curve" / "index.js").read_text(encoding="utf-8")
    return page.evaluate(SMOOTH, [code, x, y])


def mean_so_far(x, y, at):
    kept = [value for step, value in zip(x, y, strict=True) if 0.9 * x[at] < step <= x[at]]
    return sum(kept) / len(kept)


def test_every_point_is_the_mean_of_the_last_tenth_of_the_steps(page):
    x = [*range(1, 60), *range(60, 300, 7)]
    y = [(step * 37) % 11 / 7 for step in x]
    wanted = [mean_so_far(x, y, at) for at in range(len(x))]
    assert smoothed(page, x, y) == pytest.approx(wanted)


def test_what_was_drawn_stays_when_the_run_goes_on(page):
    x, y = list(range(1, 200)), [1000 / step for step in range(1, 200)]
    assert smoothed(page, x[:50], y[:50]) == smoothed(page, x, y)[:50]
