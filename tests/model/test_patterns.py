"""Measures of patterns by hand, and the proof that no row depends on a later token."""

import numpy as np
import pytest
import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.patterns import evenness, later_share, own_share, previous_share, row_differences
from model.tokenizer import Tokens
from model.trace import Silenced

CONFIG = GPTConfig(vocab_size=300, block_size=32, n_layer=2, n_head=2, d_model=8)


@pytest.fixture(scope="module")
def model():
    gpt = GPT(CONFIG).initialize(torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in gpt.parameters():
            parameter.mul_(8)
    return gpt


def tokens(*ids):
    return Tokens(ids, tuple(b"x" for _ in ids))


def test_shares_are_means_over_the_rows_that_have_such_a_key():
    pattern = np.array([[[1, 0, 0], [0.25, 0.75, 0], [0.5, 0.125, 0.375]]], np.float32)
    assert previous_share(pattern) == pytest.approx([(0.25 + 0.125) / 2])
    assert own_share(pattern) == pytest.approx([(0.75 + 0.375) / 2])
    assert later_share(pattern[0]).tolist() == [0, 0, 0]


def test_evenness_is_one_for_equal_shares_and_zero_for_one_key():
    equal = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
    single = np.zeros((4, 4))
    single[:, 0] = 1
    assert evenness(np.stack([equal, single]).astype(np.float32)) == pytest.approx([1, 0], abs=1e-6)


def test_measures_take_a_text_of_one_token():
    alone = np.ones((2, 1, 1), np.float32)
    assert previous_share(alone).tolist() == [0, 0]
    assert own_share(alone).tolist() == [1, 1]
    assert evenness(alone).tolist() == [0, 0]


@pytest.mark.parametrize("T", [2, 3, 7, 16, 31])
def test_replacing_a_later_token_changes_earlier_rows_by_exactly_nothing(model, T):
    ids = list(range(T))
    other = [*ids[:-1], 299]
    differences = row_differences(record(model, tokens(*ids)), record(model, tokens(*other)))
    assert not differences[:-1].any()
    assert differences[-1] > 0


def test_with_the_mask_off_every_earlier_row_changes(model):
    first, second = (
        record(model, tokens(1, 2, 3, last), silenced=Silenced("mask")) for last in (4, 5)
    )
    assert (row_differences(first, second) > 0).all()
    assert (later_share(first.blocks[0].pattern[0])[:-1] > 0).all()


def test_texts_of_different_length_are_refused(model):
    with pytest.raises(ValueError, match="2 tokens against 1"):
        row_differences(record(model, tokens(1, 2)), record(model, tokens(1)))
