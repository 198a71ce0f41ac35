"""Generation: the cache changes nothing but the work, and transformers takes the same road."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GPT2LMHeadModel

from model.checkpoints import load_checkpoint, save_checkpoint
from model.config import GPTConfig
from model.generation import generate
from model.gpt import GPT
from model.one_token import OneToken, bands, product
from model.sampling import SamplingSettings, sample

EMBEDDED = Path(__file__).parents[2] / "assets" / "weights"
CONFIG = GPTConfig(vocab_size=300, block_size=24, n_layer=2, n_head=2, d_model=16)
GREEDY = SamplingSettings(temperature=0)


def spread_model(config, seed=5):
    """Return a model whose logits lie far apart and whose biases and gains are no 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    model = GPT(config).initialize(generator).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model


@pytest.fixture(scope="module")
def model():
    return spread_model(CONFIG)


def drawn(model, *, use_cache, seed=1, settings=None):
    numbers = np.random.default_rng(seed)
    settings = settings or SamplingSettings(temperature=3.0)
    return list(generate(model, (7, 8, 9), settings, numbers, use_cache=use_cache))


def test_the_cache_changes_no_token_and_logits_by_rounding_only(model):
    with_cache, without = drawn(model, use_cache=True), drawn(model, use_cache=False)
    assert [step.id for step in with_cache] == [step.id for step in without]
    for one, other in zip(with_cache, without, strict=True):
        np.testing.assert_allclose(one.logits, other.logits, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        GPTConfig(vocab_size=261, block_size=12, n_layer=3, n_head=5, d_model=40, is_tied=False),
        GPTConfig(vocab_size=7, block_size=9, n_layer=1, n_head=1, d_model=4, activation="gelu"),
        GPTConfig(vocab_size=1733, block_size=9, n_layer=1, n_head=2, d_model=8, norm_eps=1e-2),
    ],
)
@torch.inference_mode()
def test_one_token_at_a_time_gives_the_logits_of_the_written_out_model(config):
    model = spread_model(config)
    ids = torch.randint(config.vocab_size, (config.block_size,))
    one_token = OneToken(model, model.empty_cache())
    rows = torch.stack([one_token.logits(int(token_id)) for token_id in ids])
    torch.testing.assert_close(rows, model(ids[None])[0], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("shape", [(7, 3), (96, 5), (1733, 8), (1009, 4)])
def test_a_product_in_bands_is_the_whole_product(shape):
    layer, x = torch.nn.Linear(shape[1], shape[0]), torch.randn(1, shape[1])
    cut = bands(layer)
    torch.testing.assert_close(product(x, cut), layer(x))
    assert cut.weight.data_ptr() == layer.weight.data_ptr()


def test_a_cache_takes_up_after_the_prompt_was_read_at_once(model):
    ids = torch.randint(CONFIG.vocab_size, (1, 20))
    with torch.inference_mode():
        cache = model.empty_cache(length=21)
        model(ids[:, :13], cache, fused=True)
        for position in range(13, 20):
            row = OneToken(model, cache).logits(int(ids[0, position]))
            full = model(ids[:, : position + 1])[0, -1]
            torch.testing.assert_close(row, full, rtol=0, atol=1e-4)


def test_a_full_cache_refuses_another_token(model):
    one_token = OneToken(model, model.empty_cache(length=2))
    with torch.inference_mode():
        one_token.logits(1)
        one_token.logits(1)
        with pytest.raises(ValueError, match="3 tokens do not fit"):
            one_token.logits(1)


def greedy_road(steps):
    """Return the ids up to the first near-tie, where rounding may choose."""
    road = []
    for step in steps:
        first, second = np.sort(step.logits)[:-3:-1]
        if first - second < 1e-3:
            break
        road.append(step.id)
    return road


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_greedy_text_is_that_of_transformers(tmp_path, seed, use_cache):
    model = spread_model(CONFIG, seed)
    save_checkpoint(model, tmp_path)
    theirs = GPT2LMHeadModel.from_pretrained(tmp_path, dtype=torch.float32)
    compare_with_transformers(model, theirs, [1, 2, 3, 4 + seed], use_cache=use_cache)


@pytest.mark.parametrize("use_cache", [True, False])
def test_greedy_text_of_the_embedded_model_is_that_of_transformers(use_cache):
    theirs = GPT2LMHeadModel.from_pretrained(EMBEDDED, dtype=torch.float32)
    # <|endoftext|>, "Once upon a"
    ids = [8191, 7454, 2402, 257]
    compare_with_transformers(load_checkpoint(EMBEDDED), theirs, ids, use_cache=use_cache)


def compare_with_transformers(model, theirs, ids, *, use_cache):
    n_new = min(60, model.config.block_size - len(ids))
    numbers = np.random.default_rng(0)
    steps = generate(model, ids, GREEDY, numbers, max_new_tokens=n_new, use_cache=use_cache)
    road = greedy_road(steps)
    row = torch.tensor([ids])
    expected = theirs.generate(
        row,
        attention_mask=torch.ones_like(row),
        do_sample=False,
        max_new_tokens=n_new,
        pad_token_id=model.config.vocab_size - 1,
    )
    assert len(road) >= 5
    assert road == expected[0, len(ids) :].tolist()[: len(road)]


def test_generation_ends_when_the_context_is_full(model):
    assert len(drawn(model, use_cache=True)) == CONFIG.block_size - 3
    full = tuple(range(CONFIG.block_size))
    assert not list(generate(model, full, GREEDY, np.random.default_rng(0)))


def test_generation_ends_after_so_many_tokens(model):
    for n_new in (0, 1, 5):
        steps = generate(model, [1], GREEDY, np.random.default_rng(0), max_new_tokens=n_new)
        assert len(list(steps)) == n_new


@pytest.mark.parametrize("n_read", [1, 10])
def test_fewer_new_tokens_than_none_are_refused(model, n_read):
    with pytest.raises(ValueError, match="max_new_tokens=-1 is not at least 0"):
        generate(model, [3] * n_read, GREEDY, np.random.default_rng(0), max_new_tokens=-1)


@pytest.mark.parametrize("use_cache", [True, False])
def test_generation_ends_with_the_end_of_the_text(model, use_cache):
    ended = spread_model(CONFIG)
    with torch.no_grad():
        # A last row that is ever more like the final vector wins sooner or later.
        ended.lm_head.weight[-1] = ended.ln_f.bias * 100
    steps = list(generate(ended, [3], GREEDY, np.random.default_rng(0), use_cache=use_cache))
    assert steps[-1].id == CONFIG.vocab_size - 1
    assert CONFIG.vocab_size - 1 not in [step.id for step in steps[:-1]]
    assert len(steps) < CONFIG.block_size - 1


@pytest.mark.parametrize("count", [0, CONFIG.block_size + 1])
def test_no_text_and_too_long_a_text_are_refused_at_once(model, count):
    with pytest.raises(ValueError, match=f"{count} tokens are not between 1 and 24"):
        generate(model, [1] * count, GREEDY, np.random.default_rng(0))


@pytest.mark.parametrize("use_cache", [True, False])
def test_inference_mode_ends_before_each_step_is_handed_out(model, use_cache):
    for _ in generate(model, [1], GREEDY, np.random.default_rng(0), use_cache=use_cache):
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()
    assert (torch.ones(1, requires_grad=True) * 2).requires_grad


def test_two_texts_generated_in_turns_do_not_mix(model):
    alone = [step.id for step in drawn(model, use_cache=True, settings=GREEDY)]
    pair = [
        generate(model, start, GREEDY, np.random.default_rng(0)) for start in ((7, 8, 9), (4, 5, 6))
    ]
    in_turns = [step.id for step, _ in zip(*pair, strict=True)]
    assert in_turns == alone


def test_each_step_is_sampled_from_the_models_own_last_row(model):
    steps, numbers, text = drawn(model, use_cache=False), np.random.default_rng(1), [7, 8, 9]
    for step in steps[:5]:
        with torch.no_grad():
            row = model(torch.tensor([text]), fused=True)[0, -1].numpy()
        expected = sample(row, SamplingSettings(temperature=3.0), numbers)
        assert (step.id, step.u) == (expected.id, expected.u)
        text.append(step.id)


def test_the_same_seed_gives_the_same_text_and_another_seed_another(model):
    first = [step.id for step in drawn(model, use_cache=True, seed=1)]
    assert first == [step.id for step in drawn(model, use_cache=True, seed=1)]
    assert first != [step.id for step in drawn(model, use_cache=True, seed=2)]
