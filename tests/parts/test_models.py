"""The parameters that pages read are the model's own, and nobody can write to them."""

import numpy as np
import pytest
import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.tokenizer import tokenizer
from pages.parts.models import read_only

CONFIG = GPTConfig(vocab_size=300, block_size=16, n_layer=2, n_head=2, d_model=8)


@pytest.fixture
def model():
    return GPT(CONFIG).initialize(torch.Generator().manual_seed(0)).eval()


def test_the_token_and_position_rows_of_a_trace_are_rows_of_the_parameters(model):
    trace = record(model, tokenizer(300).encode("the cat"))
    arrays = read_only(model)
    rows = arrays["wte.weight"][list(trace.tokens.ids)]
    np.testing.assert_array_equal(rows, trace.tok_embed)
    np.testing.assert_array_equal(arrays["wpe.weight"][: len(trace.tokens)], trace.pos_embed)
    np.testing.assert_array_equal(trace.tok_embed + trace.pos_embed, trace.blocks[0].resid_pre)


def test_matrices_lie_as_in_torchs_linear_layers(model):
    arrays = read_only(model)
    assert arrays["h.1.attn.c_attn.weight"].shape == (24, 8)
    assert arrays["h.1.mlp.c_fc.weight"].shape == (32, 8)


def test_nobody_can_write_to_them(model):
    with pytest.raises(ValueError, match="read-only"):
        read_only(model)["wte.weight"][0, 0] = 1
