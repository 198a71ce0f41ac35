"""Generation: the cache changes nothing but the work."""

import numpy as np
import pytest
import torch

from model.config import GPTConfig
from model.generation import generate
from model.gpt import GPT
from model.sampling import SamplingSettings, sample

CONFIG = GPTConfig(vocab_size=300, block_size=24, n_layer=2, n_head=2, d_model=16)


@pytest.fixture(scope="module")
def model():
    return GPT(CONFIG).initialize(torch.Generator().manual_seed(5)).eval()


def drawn(model, *, use_cache, seed=1):
    numbers = np.random.default_rng(seed)
    return list(generate(model, (7, 8, 9), SamplingSettings(), numbers, use_cache=use_cache))


def test_the_cache_changes_no_token_and_logits_by_rounding_only(model):
    with_cache, without = drawn(model, use_cache=True), drawn(model, use_cache=False)
    assert [step.id for step in with_cache] == [step.id for step in without]
    for one, other in zip(with_cache, without, strict=True):
        assert np.allclose(one.logits, other.logits, rtol=0, atol=1e-5)


def test_generation_ends_when_the_context_is_full(model):
    assert len(drawn(model, use_cache=True)) == CONFIG.block_size - 3


def test_each_step_is_sampled_from_the_models_own_last_row(model):
    steps, numbers, text = drawn(model, use_cache=True), np.random.default_rng(1), [7, 8, 9]
    for step in steps[:5]:
        with torch.no_grad():
            row = model(torch.tensor([text]))[0, -1].numpy()
        expected = sample(row, SamplingSettings(), numbers)
        assert (step.id, step.u) == (expected.id, expected.u)
        text.append(step.id)


def test_the_same_seed_gives_the_same_text_and_another_seed_another(model):
    first = [step.id for step in drawn(model, use_cache=True, seed=1)]
    assert first == [step.id for step in drawn(model, use_cache=True, seed=1)]
    assert first != [step.id for step in drawn(model, use_cache=True, seed=2)]
