"""Bits a byte, against losses that are known beforehand."""

import math

import numpy as np
import pytest
import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.tokenizer import tokenizer
from model.training.data import encode_documents
from model.training.evaluation import score


@pytest.fixture
def uniform():
    """A model whose output matrix is zero: it gives every token the same probability."""
    model = GPT(GPTConfig(vocab_size=300, block_size=32, n_layer=1, n_head=1, d_model=8))
    with torch.no_grad():
        model.wte.weight.zero_()
    return model


def test_a_uniform_guess_costs_ln_v_a_token_and_so_many_bits_a_byte(uniform):
    text = "the cat sat on the mat and the hen in the den. " * 20
    ids = encode_documents(text, 300)
    found = score(uniform, ids, length=32)
    n_window = len(ids) // 32
    assert found.loss == pytest.approx(math.log(300), rel=1e-5)
    assert found.n_token == 31 * n_window
    assert found.bits_per_byte == pytest.approx(math.log2(300) * found.n_token / found.n_byte)


def test_with_the_start_token_every_byte_of_the_windows_is_counted_once(uniform):
    ids = encode_documents("abcdefgh the hen " * 100, 300)[1:]
    found = score(uniform, ids[: 32 * 5], length=32, starts_with_token=True)
    assert found.n_token == 32 * 5
    assert found.n_byte == len(tokenizer(300).decode(list(ids[: 32 * 5])))


def test_only_the_first_windows_are_read_when_asked(uniform):
    ids = np.zeros(32 * 9, dtype=np.uint16)
    assert score(uniform, ids, length=32, n_window=4).n_token == 4 * 31
    assert score(uniform, ids, length=32, n_window=99).n_token == 9 * 31


def test_a_text_shorter_than_a_window_is_refused(uniform):
    with pytest.raises(ValueError, match="5 tokens are too few for one window of 32"):
        score(uniform, np.zeros(5, dtype=np.uint16), length=32)
