"""Made texts, and the entropy that is claimed for each."""

import math
from collections import Counter

import numpy as np
import pytest

from model.training.tasks import TASKS

COPYING, SORTING, ADDITION, NAMES, STORIES = TASKS


def lines(task, n_line=4000):
    generator = np.random.default_rng(7)
    return [task.line(generator) for _ in range(n_line)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_same_seed_writes_the_same_text_of_whole_lines(task):
    text = task.text(1000, seed=3)
    assert text == task.text(1000, seed=3) != task.text(1000, seed=4)
    assert len(text) >= 1000
    assert text.endswith("\n")
    assert text.isascii()


def test_each_line_keeps_its_promise():
    for line in lines(COPYING, 200):
        left, right = line.strip().split("=")
        assert left == right
    for line in lines(SORTING, 200):
        left, right = line.strip().split(">")
        assert "".join(sorted(left)) == right
    for line in lines(ADDITION, 200):
        terms, total = line.strip().split("=")
        assert sum(map(int, terms.split("+"))) == int(total)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_floor_is_a_lines_entropy_over_its_mean_length(task):
    kinds = {
        "Copying": 8**8,
        "Sorting": 8**8,
        "Addition": 100**2,
        "Tiny stories": 6 * 5 * 4 * 8 * 4 * 4,
    }
    if task is NAMES:
        # Two or three syllables, equally often: half of each entropy, and the coin between them.
        entropy = math.log(2) + (math.log(70**2 * 4) + math.log(70**3 * 4)) / 2
    else:
        entropy = math.log(kinds[task.name])
    mean_length = np.mean([len(line) for line in lines(task, 20_000)])
    assert task.nats_per_character == pytest.approx(entropy / mean_length, rel=0.004)


def test_no_two_draws_of_a_story_give_the_same_line():
    # All 15,360 lines differ and come equally often: the entropy of what is seen says so.
    counts = np.array(list(Counter(lines(STORIES, 60_000)).values()))
    shares = counts / counts.sum()
    seen = -(shares * np.log(shares)).sum()
    # An entropy counted from n draws is too low by about (kinds − 1) / 2n (Miller 1955).
    corrected = seen + (15_360 - 1) / (2 * 60_000)
    assert corrected == pytest.approx(math.log(15_360), abs=0.02)
