"""Sizes: the published counts, and counts that are those of the tensors."""

import pytest

from model.config import GPT2_LARGE, GPT2_MEDIUM, GPT2_SMALL, GPT2_XL, GPT3, GPTConfig
from model.gpt import GPT


@pytest.mark.parametrize(
    ("config", "total"),
    [
        (GPT2_SMALL, 124_439_808),
        (GPT2_MEDIUM, 354_823_168),
        (GPT2_LARGE, 774_030_080),
        (GPT2_XL, 1_557_611_200),
        (GPTConfig(8192, 256, 6, 8, 256), 6_901_760),
    ],
)
def test_the_published_models_have_their_published_sizes(config, total):
    assert config.parameters.total == total
    V, C, L, d = config.vocab_size, config.block_size, config.n_layer, config.d_model
    assert total == V * d + C * d + L * (12 * d * d + 13 * d) + 2 * d


def test_gpt2_small_adds_up_stage_by_stage():
    counts = GPT2_SMALL.parameters
    assert counts.token_embedding == 38_597_376
    assert counts.position_embedding == 786_432
    assert (counts.attention, counts.mlp, 2 * counts.norm) == (2_362_368, 4_722_432, 3_072)
    assert counts.block == 7_087_872
    assert counts.unembedding == 0


def test_gpt3_is_the_size_its_name_says():
    assert round(GPT3.parameters.total / 1e9) == 175


@pytest.mark.parametrize("is_tied", [True, False])
@pytest.mark.parametrize("shape", [(61, 16, 2, 2, 8), (300, 9, 3, 5, 40), (7, 1, 1, 1, 1)])
def test_counts_are_those_of_the_tensors(shape, is_tied):
    config = GPTConfig(*shape, is_tied=is_tied)
    model, counts = GPT(config), config.parameters
    tensors = {name: tensor.numel() for name, tensor in model.named_parameters()}
    assert counts.total == sum(tensors.values())

    def held(part):
        return sum(count for name, count in tensors.items() if name.startswith(part))

    assert counts.token_embedding == held("wte.")
    assert counts.position_embedding == held("wpe.")
    assert counts.block == held("h.0.")
    assert counts.attention == held("h.0.attn.")
    assert counts.mlp == held("h.0.mlp.")
    assert counts.norm == held("h.0.ln_1.") == held("ln_f.")
    assert counts.unembedding == held("lm_head.")


def test_derived_sizes():
    assert (GPT2_SMALL.d_head, GPT2_SMALL.d_mlp) == (64, 3072)
    assert GPTConfig(8192, 256, 6, 8, 256).d_head == 32


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ({"d_model": 7, "n_head": 2}, "d_model=7 is not a multiple of n_head=2"),
        ({"n_layer": 0}, "n_layer=0 is not a whole number of at least 1"),
        ({"vocab_size": -1}, "vocab_size=-1"),
        ({"block_size": 1.5}, r"block_size=1\.5"),
        ({"n_head": True}, "n_head=True"),
        ({"activation": "relu"}, "activation='relu' is not gelu_tanh or gelu"),
        ({"norm_eps": 0.0}, "norm_eps=0"),
        ({"norm_eps": float("nan")}, "norm_eps=nan"),
        ({"norm_eps": float("inf")}, "norm_eps=inf"),
        ({"dropout": 1.0}, "dropout=1"),
        ({"dropout": -0.1}, "dropout=-0"),
    ],
)
def test_a_size_that_breaks_a_rule_is_named(entries, sentence):
    with pytest.raises(ValueError, match=sentence):
        GPTConfig(**entries)
