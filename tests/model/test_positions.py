"""Positions: tables with a known shape, and what order does to a pass, by identities."""

import numpy as np
import pytest
import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.positions import (
    changes,
    fresh_rows,
    moved_probability,
    position_facts,
    stage_names,
    swapped,
)
from model.tokenizer import tokenizer
from model.trace import Silenced


def gpt(n_layer):
    config = GPTConfig(vocab_size=300, block_size=32, n_layer=n_layer, n_head=2, d_model=16)
    model = GPT(config).initialize(torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():  # large enough for order to matter
        for parameter in model.parameters():
            parameter.mul_(5 if parameter.dim() > 1 else 1)
    return model


TOKENS = tokenizer(300).encode("the cat sat")


def test_a_fresh_table_looks_fresh():
    facts = position_facts(fresh_rows(256, 64))
    assert not facts.has_shape
    assert not facts.has_nearness
    assert facts.share == facts.fresh_share
    assert facts.lengths.mean() == pytest.approx(facts.fresh_length, rel=0.01)


def test_sinusoids_have_a_shape_and_nearness():
    """Vaswani et al. 2017, §3.5, with d_model = 64."""
    places, powers = np.arange(256)[:, None], 10000 ** (np.arange(32) / 32)
    rows = np.concatenate([np.sin(places / powers), np.cos(places / powers)], axis=1)
    facts = position_facts(rows.astype(np.float32))
    assert facts.has_shape
    assert facts.has_nearness
    np.testing.assert_allclose(facts.lengths, 32**0.5, rtol=1e-5)


def test_a_table_of_one_or_two_rows_can_be_measured():
    for n in (1, 2):
        assert np.isfinite(position_facts(fresh_rows(n, 8)).near)


def test_swapping_twice_is_the_text_again():
    assert swapped(swapped(TOKENS, 1, 4), 1, 4) == TOKENS
    assert sorted(swapped(TOKENS, 1, 4).ids) == sorted(TOKENS.ids)


def test_a_swap_changes_nothing_before_it_and_no_position_row():
    model = gpt(2)
    found = changes(record(model, TOKENS), record(model, swapped(TOKENS, 2, 4)))
    assert found.shape == (len(stage_names(2)), len(TOKENS))
    assert not found[:, :2].any()
    assert not found[1].any()
    assert np.flatnonzero(found[0]).tolist() == [2, 4]
    assert np.flatnonzero(found[2]).tolist() == [2, 4]
    assert (found[3, 2:] > 0).all()


def test_changes_are_shares_of_the_length_before():
    model = gpt(1)
    before, after = record(model, TOKENS), record(model, swapped(TOKENS, 2, 4))
    step = after.blocks[0].resid_post[5] - before.blocks[0].resid_post[5]
    share = np.linalg.norm(step) / np.linalg.norm(before.blocks[0].resid_post[5])
    assert changes(before, after)[3, 5] == pytest.approx(share)


@pytest.mark.parametrize("n_layer", [1, 2])
def test_without_positions_order_matters_only_from_two_blocks_on(n_layer):
    model, silenced = gpt(n_layer), Silenced("positions")
    before = record(model, TOKENS, silenced=silenced)
    after = record(model, swapped(TOKENS, 1, 3), silenced=silenced)
    last = changes(before, after)[-1, -1]
    # One block mixes a set: what is left is rounding of sums in another order.
    assert last < 1e-5 if n_layer == 1 else last > 1e-3


def test_moved_probability_is_a_share():
    one, other = np.array([1, 0, 0], np.float32), np.array([0, 0.5, 0.5], np.float32)
    assert moved_probability(one, one) == 0
    assert moved_probability(one, other) == 1
