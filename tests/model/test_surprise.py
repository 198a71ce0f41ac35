"""Losses of a text, against torch's cross-entropy and sums by hand."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from model.surprise import surprise


def test_losses_equal_torchs_cross_entropy():
    rng = np.random.default_rng(3)
    logits = (rng.standard_normal((9, 50)) * 4).astype(np.float32)
    ids = tuple(int(token_id) for token_id in rng.integers(0, 50, 9))
    found = surprise(logits, ids)
    expected = F.cross_entropy(
        torch.from_numpy(logits[:-1]).double(), torch.tensor(ids[1:]), reduction="none"
    )
    assert np.allclose(found.losses, expected, rtol=0, atol=1e-12)
    assert math.isclose(found.mean_loss, float(expected.mean()))


def test_t_tokens_give_t_minus_1_losses():
    assert surprise(np.zeros((4, 10)), (1, 2, 3, 4)).losses.shape == (3,)
    alone = surprise(np.zeros((1, 10)), (1,))
    assert alone.losses.size == 0
    assert math.isnan(alone.mean_loss)
    assert math.isnan(alone.perplexity)


def test_a_uniform_guess_has_the_vocabulary_as_its_perplexity():
    found = surprise(np.full((5, 1024), 3.5), (1, 2, 3, 4, 5))
    assert np.allclose(found.bits, 10)
    assert math.isclose(found.perplexity, 1024)
    assert np.allclose(found.shares, 1 / 1024)


def test_a_token_of_next_to_no_probability_keeps_a_finite_loss():
    logits = np.zeros((2, 3))
    logits[0, 1] = -2000
    assert math.isclose(surprise(logits, (0, 1)).losses[0], 2000 + math.log(2))


def test_rows_and_tokens_must_match():
    with pytest.raises(ValueError, match="2 rows of logits do not fit 3 tokens"):
        surprise(np.zeros((2, 3)), (0, 1, 2))
