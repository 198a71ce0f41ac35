"""The overview's sum is that of the tensors, whatever the model."""

import math
import re

import pytest

from model.config import GPT2_SMALL, GPTConfig
from model.gpt import GPT
from pages.components.flow import _total

SHAPES = [
    GPTConfig(vocab_size=300, block_size=20, n_layer=3, n_head=2, d_model=12),
    GPTConfig(vocab_size=300, block_size=20, n_layer=1, n_head=2, d_model=12, is_tied=False),
]


def worked_out(sentence):
    """Return what the sum of a sentence gives, and what it says it gives."""
    left, right = sentence.replace(",", "").split(" = ")
    parts = (math.prod(map(int, re.findall(r"[0-9]+", part))) for part in left.split("+"))
    return sum(parts), int(right.split()[0])


@pytest.mark.parametrize("config", SHAPES)
def test_the_sum_that_is_written_out_is_that_of_the_tensors(config):
    own = sum(parameter.numel() for parameter in GPT(config).parameters())
    assert worked_out(_total(config)) == (own, own)


def test_the_sum_of_gpt2_small_is_the_published_one():
    assert worked_out(_total(GPT2_SMALL)) == (124_439_808, 124_439_808)
