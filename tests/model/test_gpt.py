"""The model against transformers, against torch's own parts, and against what GPT-2 promises."""

import math
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from model.config import GPTConfig
from model.gpt import GPT, MLP, CausalSelfAttention, LayerNorm, future, gelu

CONFIG = GPTConfig(vocab_size=97, block_size=40, n_layer=3, n_head=4, d_model=32)


def spread_model(config=CONFIG, seed=0):
    """Return a model whose biases and gains are no 0 and 1, where a mistake would not show."""
    generator = torch.Generator().manual_seed(seed)
    model = GPT(config).initialize(generator).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model


def some_ids(n_text=2, T=None, config=CONFIG):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(config.vocab_size, (n_text, T or config.block_size), generator=generator)


@pytest.mark.parametrize("activation", ["gelu_tanh", "gelu"])
@pytest.mark.parametrize("is_tied", [True, False])
@pytest.mark.parametrize("fused", [True, False])
def test_logits_are_those_of_transformers_with_the_same_weights(activation, is_tied, fused):
    config = replace(CONFIG, activation=activation, is_tied=is_tied)
    ours = spread_model(config)
    theirs = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.block_size,
            n_embd=config.d_model,
            n_layer=config.n_layer,
            n_head=config.n_head,
            activation_function="gelu_new" if activation == "gelu_tanh" else "gelu",
            tie_word_embeddings=is_tied,
        )
    ).eval()
    state = {name: tensor.clone() for name, tensor in ours.state_dict().items()}
    for name, tensor in state.items():
        # Their `Conv1D` keeps its matrix the other way round.
        if name.startswith("h.") and tensor.dim() == 2:
            state[name] = tensor.T
    names = {name if "lm_head" in name else f"transformer.{name}": name for name in state}
    theirs.load_state_dict({theirs: state[name] for theirs, name in names.items()})
    with torch.no_grad():
        torch.testing.assert_close(
            ours(some_ids(), fused=fused), theirs(some_ids()).logits, rtol=0, atol=1e-4
        )


@pytest.mark.parametrize("fused", [True, False])
@torch.no_grad()
def test_a_later_token_changes_earlier_rows_by_exactly_nothing(fused):
    model = spread_model()
    for T in range(2, CONFIG.block_size + 1):
        ids = some_ids(1, T)
        for position in {1, T // 2, T - 1}:
            changed = ids.clone()
            changed[0, position] = (ids[0, position] + 1) % CONFIG.vocab_size
            before, after = model(ids, fused=fused), model(changed, fused=fused)
            assert torch.equal(before[0, :position], after[0, :position])
            assert not torch.equal(before[0, position], after[0, position])


@torch.no_grad()
def test_without_the_mask_a_later_token_does_change_earlier_rows():
    model = spread_model()
    for block in model.blocks:
        block.attn.is_causal = False
    ids = some_ids(1)
    changed = ids.clone()
    changed[0, -1] = (ids[0, -1] + 1) % CONFIG.vocab_size
    for fused in (True, False):
        assert not torch.equal(model(ids, fused=fused)[0, 0], model(changed, fused=fused)[0, 0])
    torch.testing.assert_close(model(ids, fused=True), model(ids), rtol=0, atol=1e-4)


def loss_and_gradients(model, *, fused):
    model.zero_grad()
    ids = some_ids()
    logits = model(ids, fused=fused)
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()
    return logits.detach(), {name: p.grad.clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize("activation", ["gelu_tanh", "gelu"])
def test_the_fused_and_the_written_out_path_agree_on_outputs_and_gradients(activation):
    model = spread_model(replace(CONFIG, activation=activation))
    logits, gradients = loss_and_gradients(model, fused=False)
    fused_logits, fused_gradients = loss_and_gradients(model, fused=True)
    torch.testing.assert_close(fused_logits, logits, rtol=1e-5, atol=1e-4)
    for name, gradient in gradients.items():
        torch.testing.assert_close(
            fused_gradients[name], gradient, rtol=1e-4, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}"
        )


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("n_first", [1, 7, 39])
@torch.inference_mode()
def test_a_text_read_in_two_parts_gives_the_rows_of_the_whole(fused, n_first):
    model, ids = spread_model(), some_ids()
    cache = model.empty_cache(2)
    first = model(ids[:, :n_first], cache, fused=fused)
    second = model(ids[:, n_first:], cache, fused=fused)
    assert cache.length == CONFIG.block_size
    whole = torch.cat([first, second], dim=1)
    torch.testing.assert_close(whole, model(ids), rtol=1e-5, atol=1e-4)


@torch.no_grad()
def test_only_the_last_rows_are_worked_out_where_no_more_are_asked_for():
    model, ids = spread_model(), some_ids()
    for n_last in (1, 3, CONFIG.block_size):
        rows = model(ids, n_last=n_last)
        torch.testing.assert_close(rows, model(ids)[:, -n_last:], rtol=1e-5, atol=1e-5)


def test_layer_norm_is_that_of_torch_in_outputs_and_gradients():
    x = (torch.randn(3, 5, 32) * 7 + 2).requires_grad_()
    norm = LayerNorm(32, 1e-5)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    direction = torch.randn(3, 5, 32)
    by_torch = F.layer_norm(x, (32,), norm.weight, norm.bias, 1e-5)
    torch.testing.assert_close(norm(x), by_torch, rtol=1e-5, atol=1e-5)
    inputs = (x, norm.weight, norm.bias)
    ours = torch.autograd.grad((norm(x) * direction).sum(), inputs)
    theirs = torch.autograd.grad((by_torch * direction).sum(), inputs)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_layer_norm_takes_the_biased_variance_with_epsilon_inside_the_root():
    # Mean 2, biased variance 1: by hand (1 − 2) / √(1 + 3) and (3 − 2) / √(1 + 3).
    found = LayerNorm(2, 3.0)(torch.tensor([[[1.0, 3.0]]]))
    assert found.tolist() == [[[-0.5, 0.5]]]


@torch.no_grad()
def test_attention_is_torchs_own_on_the_same_q_k_and_v():
    attn, x = CausalSelfAttention(CONFIG), torch.randn(2, 11, 32)
    q, k, v = (part.view(2, 11, 4, 8).transpose(1, 2) for part in attn.c_attn(x).chunk(3, dim=-1))
    z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    expected = attn.c_proj(z.transpose(1, 2).reshape(2, 11, 32))
    torch.testing.assert_close(attn(x), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(attn(x, fused=True), expected, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_each_row_of_the_pattern_is_a_share_of_what_was_seen():
    attn, seen = CausalSelfAttention(CONFIG), []
    attn.hook_pattern.register_forward_hook(lambda module, inputs, output: seen.append(output))
    attn(torch.randn(2, 11, 32))
    (pattern,) = seen
    torch.testing.assert_close(pattern.sum(-1), torch.ones(2, 4, 11))
    assert (pattern[:, :, future(11, 11)] == 0).all()
    assert (pattern[:, :, 0, 0] == 1).all()


def test_the_future_is_what_comes_after_the_last_queries():
    assert future(2, 4).int().tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]]
    assert future(3, 3).int().tolist() == [[0, 1, 1], [0, 0, 1], [0, 0, 0]]


def test_gelu_is_gpt2s_formula():
    x = torch.linspace(-6, 6, 1001, dtype=torch.float64)
    tanh = 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    exact = x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))
    torch.testing.assert_close(gelu(x, "gelu_tanh"), tanh)
    torch.testing.assert_close(gelu(x, "gelu"), exact)


def test_the_feed_forward_layer_works_on_each_token_by_itself():
    mlp, x = MLP(CONFIG), torch.randn(1, 6, 32)
    alone = torch.cat([mlp(x[:, [position]]) for position in range(6)], dim=1)
    torch.testing.assert_close(mlp(x), alone)


def test_fresh_weights_have_the_deviations_of_hugging_faces_gpt2():
    config = GPTConfig(vocab_size=2000, block_size=500, n_layer=8, n_head=4, d_model=128)
    model = GPT(config).initialize(torch.Generator().manual_seed(3))
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            wanted = 1.0 if "ln_" in name and name.endswith("weight") else 0.0
            assert (parameter == wanted).all(), name
            continue
        wanted = 0.02 / 4 if "c_proj" in name else 0.02  # √(2 · 8) = 4
        # The deviation of n draws strays by about 1 / √(2n): 0.6 % for the smallest matrix.
        assert parameter.std().item() == pytest.approx(wanted, rel=0.03), name
        assert abs(parameter.mean().item()) < wanted * 0.03, name


def test_the_same_generator_gives_the_same_weights_whatever_was_there():
    first, second = GPT(CONFIG), spread_model(seed=9)
    first.initialize(torch.Generator().manual_seed(4))
    second.initialize(torch.Generator().manual_seed(4))
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_tied_model_speaks_with_the_matrix_it_reads_with():
    tied, untied = GPT(CONFIG), GPT(replace(CONFIG, is_tied=False))
    assert tied.lm_head.weight is tied.wte.weight
    assert untied.lm_head.weight is not untied.wte.weight
    model = spread_model()
    _, gradients = loss_and_gradients(model, fused=False)
    unused = sorted(set(range(CONFIG.vocab_size)) - set(some_ids()[:, :-1].flatten().tolist()))
    # Tokens that were never read get gradients all the same: as answers.
    assert (gradients["wte.weight"][unused] != 0).any(dim=1).all()


def test_too_long_a_text_is_refused():
    with pytest.raises(ValueError, match="41 tokens are more than block_size=40"):
        GPT(CONFIG)(torch.zeros(1, 41, dtype=torch.long))
    model = GPT(CONFIG)
    cache = model.empty_cache()
    with torch.inference_mode():
        model(torch.zeros(1, 40, dtype=torch.long), cache)
        with pytest.raises(ValueError, match="41 tokens are more than block_size=40"):
            model(torch.zeros(1, 1, dtype=torch.long), cache)


def test_dropout_acts_in_training_alone():
    model = spread_model(replace(CONFIG, dropout=0.5))
    ids = some_ids()
    for fused in (True, False):
        assert torch.equal(model(ids, fused=fused), model(ids, fused=fused))
        model.train()
        assert not torch.equal(model(ids, fused=fused), model(ids, fused=fused))
        model.eval()


def test_dropout_acts_on_the_sum_of_the_embeddings():
    model = spread_model(replace(CONFIG, dropout=0.5))
    ids = some_ids()
    plain, thinned = model.embed(ids), model.train().embed(ids)
    kept = thinned != 0
    assert 0.4 < kept.double().mean() < 0.6
    assert torch.equal(thinned[kept], 2 * plain[kept])
