"""Bars before and after a change: shares and distance against scipy-free arithmetic."""

import math

import numpy as np
import pytest
import torch

from pages.components.compare import changes, divergence, moved_text, standing, standing_line
from pages.components.proof import difference_text


def test_rows_are_the_likeliest_of_either_pass():
    before = np.log(np.array([0.5, 0.3, 0.15, 0.05], np.float32))
    after = np.log(np.array([0.1, 0.1, 0.1, 0.7], np.float32))
    rows = changes(before, after, shown=1)
    assert [row.id for row in rows] == [0, 3]
    assert rows[1].before == pytest.approx(0.05)
    assert rows[1].after == pytest.approx(0.7)


def test_the_distance_is_torchs_kl_divergence():
    generator = np.random.default_rng(0)
    before, after = generator.normal(size=(2, 50)).astype(np.float32)
    expected = torch.nn.functional.kl_div(
        torch.tensor(after).log_softmax(0),
        torch.tensor(before).log_softmax(0),
        reduction="sum",
        log_target=True,
    )
    assert divergence(before, after) == pytest.approx(expected.item(), abs=1e-6)
    assert divergence(before, before) == 0


def test_the_move_of_a_logit_is_that_of_the_unrounded_ones():
    before, after = np.array([9.7246, 0.0]), np.array([7.5854, 0.0])
    assert moved_text(9.7246, 7.5854) == "-2.139"
    assert moved_text(1.0, 1.0) == "0"
    line = standing_line("a", standing(before, 0), standing(after, 0))
    assert "−2.139" in [part["text"] for part in line]


@pytest.mark.parametrize(
    ("difference", "text"), [(0.0, "0.0"), (1e-9, "1.0e-09"), (0.25, "0.250"), (math.pi, "3.142")]
)
def test_only_exactly_nothing_reads_as_nothing(difference, text):
    assert difference_text(difference) == text
