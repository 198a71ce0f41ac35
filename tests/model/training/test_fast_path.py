"""The quick path for training against the model that is written to be read."""

import pytest
import torch
from torch.nn import functional as F

from model.config import GPTConfig
from model.gpt import GPT
from model.training import fast_path
from model.training.fast_path import LinearCrossEntropy, final_vectors, mean_loss

SHAPES = [
    GPTConfig(vocab_size=257, block_size=40, n_layer=2, n_head=4, d_model=32),
    GPTConfig(vocab_size=300, block_size=64, n_layer=3, n_head=2, d_model=48, is_tied=False),
    GPTConfig(vocab_size=261, block_size=7, n_layer=1, n_head=1, d_model=16, activation="gelu"),
]


def a_model(config: GPTConfig) -> GPT:
    generator = torch.Generator().manual_seed(1)
    model = GPT(config).initialize(generator)
    with torch.no_grad():
        for parameter in model.parameters():  # far from the start, where everything is near zero
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model


def some_ids(config: GPTConfig) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randint(config.vocab_size, (20, config.block_size + 1), generator=generator)


def readable_loss(model: GPT, ids: torch.Tensor) -> torch.Tensor:
    logits = model(ids[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())


@pytest.mark.parametrize("config", SHAPES)
def test_both_paths_agree_on_the_output(config):
    model, ids = a_model(config), some_ids(config)[:, :-1]
    with torch.no_grad():
        logits = final_vectors(model, ids) @ model.lm_head.weight.t()
        torch.testing.assert_close(logits, model(ids), atol=3e-5, rtol=1e-4)


@pytest.mark.parametrize("config", SHAPES)
def test_both_paths_agree_on_loss_and_every_gradient(config, monkeypatch):
    monkeypatch.setattr(fast_path, "_CHUNK", 37)  # several chunks, and a last one that is shorter
    model, ids = a_model(config), some_ids(config)
    parameters = list(model.parameters())
    expected = readable_loss(model, ids)
    found = mean_loss(model, ids[:, :-1], ids[:, 1:])
    torch.testing.assert_close(found, expected)
    slopes = zip(
        torch.autograd.grad(found, parameters),
        torch.autograd.grad(expected, parameters),
        strict=True,
    )
    for slope, true_slope in slopes:
        torch.testing.assert_close(slope, true_slope, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("config", SHAPES)
def test_bfloat16_stays_near_the_exact_gradient(config):
    model, ids = a_model(config), some_ids(config)
    parameters = list(model.parameters())
    exact = torch.autograd.grad(readable_loss(model, ids), parameters)
    loss = mean_loss(model, ids[:, :-1], ids[:, 1:], dtype=torch.bfloat16)
    for slope, true_slope in zip(torch.autograd.grad(loss, parameters), exact, strict=True):
        assert slope.dtype == torch.float32
        # bfloat16 keeps 8 bits: a relative rounding of 1/256 a product, a few of them on the way.
        assert (slope - true_slope).norm() < 0.1 * true_slope.norm()


def test_no_position_of_the_quick_path_sees_the_future():
    config = SHAPES[0]
    model, ids = a_model(config), some_ids(config)[:1, :-1]
    other = ids.clone()
    other[:, 20:] = (other[:, 20:] + 1) % config.vocab_size
    with torch.no_grad():
        for dtype in (torch.float32, torch.bfloat16):
            left = final_vectors(model, ids, dtype=dtype)
            right = final_vectors(model, other, dtype=dtype)
            assert torch.equal(left[:, :20], right[:, :20])
            assert not torch.equal(left[:, 20:], right[:, 20:])


def test_linear_cross_entropy_has_torchs_gradient_at_any_scale():
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(5, 4, generator=generator, requires_grad=True)
    weight = torch.randn(7, 4, generator=generator, requires_grad=True)
    targets = torch.tensor([0, 6, 2, 2, 5])
    expected = torch.autograd.grad(F.cross_entropy(x @ weight.t(), targets), (x, weight))
    found = torch.autograd.grad(3 * LinearCrossEntropy.apply(x, weight, targets, True), (x, weight))
    for slope, true_slope in zip(found, expected, strict=True):
        torch.testing.assert_close(slope, 3 * true_slope)


def test_a_loss_that_is_no_number_stays_none():
    x, weight = torch.full((2, 4), float("nan")), torch.ones(7, 4)
    loss = LinearCrossEntropy.apply(x, weight, torch.tensor([0, 1]), False)
    assert loss.isnan()
