"""What travels to the steps element adds up to what the model computed."""

import numpy as np
import pytest
import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.tokenizer import Tokens
from pages.components.attention_steps import head_part, weighted_values, window

CONFIG = GPTConfig(vocab_size=300, block_size=64, n_layer=1, n_head=4, d_model=16)


@pytest.fixture(scope="module")
def model():
    return GPT(CONFIG).initialize(torch.Generator().manual_seed(3)).eval()


@pytest.fixture(scope="module")
def block(model):
    ids = tuple(range(40))
    return record(model, Tokens(ids, tuple(b"x" for _ in ids))).blocks[0]


@pytest.mark.parametrize("query", [0, 5, 39])
def test_the_heaviest_values_and_the_rest_add_up_to_z(block, query):
    found = weighted_values(block.pattern[2, query], block.v[2], shown=4)
    total = found.parts.sum(axis=0) + found.rest
    np.testing.assert_allclose(total, block.z[2, query], atol=1e-6)
    assert len(found.positions) + found.n_rest == query + 1
    weights = block.pattern[2, query][found.positions].sum() + found.rest_weight
    assert weights == pytest.approx(1, abs=1e-6)


def test_the_parts_of_all_heads_and_the_bias_are_attentions_output(model, block):
    attn = model.h[0].attn
    weight, bias = attn.c_proj.weight.detach().numpy(), attn.c_proj.bias.detach().numpy()
    parts = [head_part(block.z[head, 7], weight, head) for head in range(CONFIG.n_head)]
    np.testing.assert_allclose(sum(parts) + bias, block.attn_out[7], atol=1e-6)


@pytest.mark.parametrize(
    ("T", "position", "expected"),
    [(5, 4, (0, 5)), (100, 0, (0, 64)), (100, 50, (18, 82)), (100, 99, (36, 100))],
)
def test_a_window_holds_its_position_and_never_leaves_the_text(T, position, expected):
    found = window(T, position)
    assert (found.start, found.stop) == expected
    assert found.start <= position < found.stop
