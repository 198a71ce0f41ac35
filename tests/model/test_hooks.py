"""A trace is what ran: every field obeys its equation, and recording changes nothing."""

import copy
import threading
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from model import hooks
from model.catalog import EMBEDDED_FOLDER
from model.checkpoints import load_checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import KEPT_BYTES, patterns, record
from model.tokenizer import Tokens
from model.trace import BlockTrace, NormTrace, Silenced

CONFIG = GPTConfig(vocab_size=300, block_size=48, n_layer=3, n_head=4, d_model=32)


def text(length, seed=0):
    ids = np.random.default_rng(seed).integers(0, CONFIG.vocab_size, length)
    return Tokens(tuple(int(i) for i in ids), (b"x",) * length)


@pytest.fixture(scope="module")
def model():
    model = GPT(CONFIG).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():  # larger than at the start of training, so that nothing is near 0
        for parameter in model.parameters():
            parameter.normal_(std=0.3, generator=generator)
    return model


@pytest.fixture(scope="module")
def trace(model):
    return record(model, text(20))


def all_logits(trace):
    return np.stack([trace.logits[position] for position in range(len(trace.logits))])


def linear(x, layer):
    return x @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def test_recording_changes_no_bit_of_the_logits(model, trace):
    with torch.inference_mode():
        plain = model(torch.tensor([trace.tokens.ids]))[0].numpy()
    assert np.array_equal(all_logits(trace), plain)


@pytest.mark.parametrize("length", [1, 2, 15, 64, 256])
def test_recording_the_embedded_model_changes_no_bit(length):
    model = load_checkpoint(EMBEDDED_FOLDER)
    ids = np.random.default_rng(length).integers(0, model.config.vocab_size, length).tolist()
    whole = record(model, Tokens(tuple(ids), (b"x",) * length))
    lean = record(model, whole.tokens, kept_bytes=0)
    with torch.inference_mode():
        plain = model(torch.tensor([ids]))[0].numpy()
    assert np.array_equal(all_logits(whole), plain)
    assert np.array_equal(lean.logits[-1], plain[-1])
    assert np.allclose(all_logits(lean), plain, rtol=0, atol=1e-5)


def test_a_model_in_training_is_recorded_without_dropout_and_trains_on():
    model = GPT(replace(CONFIG, dropout=0.5)).initialize(torch.Generator().manual_seed(1)).train()
    found = record(model, text(20))
    assert model.training
    with torch.inference_mode():
        assert np.array_equal(all_logits(found), model.eval()(torch.tensor([text(20).ids]))[0])


def test_a_weight_that_changed_in_place_is_seen(model):
    model = copy.deepcopy(model)
    before = record(model, text(20))
    with torch.no_grad():
        model.h[1].mlp.c_fc.weight.mul_(1.5)
    after = record(model, text(20))
    assert not np.allclose(before.logits[-1], after.logits[-1])
    with torch.inference_mode():
        assert np.array_equal(all_logits(after), model(torch.tensor([text(20).ids]))[0])


def test_a_long_text_keeps_only_what_its_blocks_are_worked_out_from(model, monkeypatch):
    handed_on = []
    to_numpy = hooks._to_numpy

    def noted(name, tensor):
        handed_on.append(name)
        return to_numpy(name, tensor)

    monkeypatch.setattr(hooks, "_to_numpy", noted)
    record(model, text(20), kept_bytes=0)
    assert {name for name in handed_on if name.startswith("h.")} == {
        f"h.{block}.hook_resid_pre" for block in range(3)
    }
    assert len(handed_on) == 3 + 2 + 5 + 1  # the blocks, the embeddings, ln_f, the logits


def test_every_norm_obeys_its_equation(model, trace):
    norms = [(b.ln_1, b.resid_pre, m.ln_1) for b, m in zip(trace.blocks, model.h, strict=True)]
    norms += [(b.ln_2, b.resid_mid, m.ln_2) for b, m in zip(trace.blocks, model.h, strict=True)]
    norms += [(trace.ln_f, trace.blocks[-1].resid_post, model.ln_f)]
    for norm, x, layer in norms:
        assert np.allclose(norm.mean, x.mean(1), atol=1e-5)
        assert np.allclose(norm.var, x.var(1), atol=1e-4)
        assert np.allclose(norm.std, np.sqrt(norm.var + 1e-5))
        assert np.allclose(norm.normalized, (x - x.mean(1)[:, None]) / norm.std[:, None], atol=1e-5)
        oracle = F.layer_norm(torch.tensor(x), (32,), layer.weight, layer.bias, 1e-5)
        assert np.allclose(norm.out, oracle.detach(), atol=1e-5)


def test_every_field_of_a_block_obeys_its_equation(model, trace):
    before = trace.tok_embed + trace.pos_embed
    for block, module in zip(trace.blocks, model.h, strict=True):
        assert np.array_equal(block.resid_pre, before)
        qkv = linear(block.ln_1.out, module.attn.c_attn)
        q, k, v = (part.reshape(20, 4, 8).transpose(1, 0, 2) for part in np.split(qkv, 3, axis=1))
        assert np.allclose(block.q, q, atol=1e-4)
        assert np.allclose(block.k, k, atol=1e-4)
        assert np.allclose(block.v, v, atol=1e-4)
        scores = block.q @ block.k.transpose(0, 2, 1) / np.sqrt(8)
        assert np.allclose(block.scores, scores, atol=1e-4)
        masked = np.where(np.tri(20, dtype=bool), block.scores, -np.inf)
        weights = np.exp(masked - masked.max(2, keepdims=True))
        assert np.allclose(block.pattern, weights / weights.sum(2, keepdims=True), atol=1e-5)
        assert np.all(block.pattern[:, ~np.tri(20, dtype=bool)] == 0)
        assert np.allclose(block.z, block.pattern @ block.v, atol=1e-4)
        joined = block.z.transpose(1, 0, 2).reshape(20, 32)
        assert np.allclose(block.attn_out, linear(joined, module.attn.c_proj), atol=1e-4)
        assert np.array_equal(block.resid_mid, block.resid_pre + block.attn_out)
        assert np.allclose(block.mlp_pre, linear(block.ln_2.out, module.mlp.c_fc), atol=1e-4)
        gelu = F.gelu(torch.tensor(block.mlp_pre), approximate="tanh").numpy()
        assert np.allclose(block.mlp_post, gelu, atol=1e-6)
        assert np.allclose(block.mlp_out, linear(block.mlp_post, module.mlp.c_proj), atol=1e-3)
        assert np.array_equal(block.resid_post, block.resid_mid + block.mlp_out)
        before = block.resid_post


def test_embeddings_and_logits_obey_their_equations(model, trace):
    wte, wpe = model.wte.weight.detach().numpy(), model.wpe.weight.detach().numpy()
    assert np.array_equal(trace.tok_embed, wte[list(trace.tokens.ids)])
    assert np.array_equal(trace.pos_embed, wpe[:20])
    assert np.allclose(all_logits(trace), trace.ln_f.out @ wte.T, atol=1e-3)


def test_arrays_are_read_only(trace):
    with pytest.raises(ValueError, match="read-only"):
        trace.blocks[0].q[0, 0, 0] = 1


def test_one_token_is_a_text(model):
    trace = record(model, text(1))
    assert trace.tok_embed.shape == trace.pos_embed.shape == (1, 32)
    assert trace.blocks[0].pattern.tolist() == [[[1.0]]] * 4
    assert trace.ln_f.mean.shape == (1,)


def test_a_long_text_worked_out_when_read_has_the_same_numbers(model, trace):
    lean = record(model, trace.tokens, kept_bytes=0)
    for block, other in zip(trace.blocks, lean.blocks, strict=True):
        for field in fields(BlockTrace):
            if not field.name.startswith("ln_"):
                assert np.array_equal(getattr(block, field.name), getattr(other, field.name))
        for field in fields(NormTrace):
            for norm in ("ln_1", "ln_2"):
                mine, theirs = getattr(block, norm), getattr(other, norm)
                assert np.array_equal(getattr(mine, field.name), getattr(theirs, field.name))
    assert np.array_equal(lean.logits[-1], trace.logits[-1])
    assert np.allclose(lean.logits[3], trace.logits[3], atol=1e-4)
    assert len(lean.logits) == 20


def test_a_row_of_logits_has_the_same_digits_whichever_was_read_before(model, trace):
    lean = record(model, trace.tokens, kept_bytes=0).logits
    forth, back = [lean[row] for row in range(20)], [lean[row] for row in reversed(range(20))]
    assert all(np.array_equal(a, b) for a, b in zip(forth, reversed(back), strict=True))
    assert np.allclose(np.stack(forth), all_logits(trace), atol=1e-4)


@pytest.mark.parametrize("silenced", [None, Silenced("mask"), Silenced("head", 0, 1)])
def test_weights_read_without_their_blocks_are_the_same(model, trace, silenced):
    whole = record(model, trace.tokens, silenced=silenced)
    lean = record(model, trace.tokens, silenced=silenced, kept_bytes=0)
    own = [block.pattern for block in whole.blocks]
    for weights, found in (own, patterns(whole)), (own, patterns(lean)):
        assert all(np.array_equal(a, b) for a, b in zip(weights, found, strict=True))


def test_blocks_worked_out_stay_at_hand_as_long_as_they_fit(model, trace):
    config, T = model.config, 20
    block = 4 * (T * (16 * config.d_model + 2 * config.d_mlp) + 2 * config.n_head * T * T)
    # All blocks fit in it, the logits do not.
    roomy = record(model, trace.tokens, kept_bytes=config.n_layer * block)
    lean = record(model, trace.tokens, kept_bytes=0)
    for worked_out, stay in ((roomy, True), (lean, False)):
        assert not isinstance(worked_out.blocks, tuple)
        first, *_ = list(worked_out.blocks)
        assert (worked_out.blocks[0] is first) == stay


@pytest.mark.parametrize(
    ("silenced", "is_gone"),
    [
        (Silenced("head", 1, 2), lambda t: not t.blocks[1].z[2].any() and t.blocks[1].z[1].all()),
        (Silenced("neuron", 2, 9), lambda t: not t.blocks[2].mlp_post[:, 9].any()),
        (Silenced("attention", 0), lambda t: not t.blocks[0].attn_out.any()),
        (Silenced("mlp", 1), lambda t: not t.blocks[1].mlp_out.any()),
        (Silenced("positions"), lambda t: not t.pos_embed.any()),
        (Silenced("mask"), lambda t: t.blocks[0].pattern.all()),
    ],
)
def test_a_silenced_part_adds_nothing_and_later_passes_are_whole_again(
    model, trace, silenced, is_gone
):
    silent = record(model, trace.tokens, silenced=silenced)
    assert is_gone(silent)
    assert not np.allclose(silent.logits[-1], trace.logits[-1])
    assert np.array_equal(all_logits(record(model, trace.tokens)), all_logits(trace))
    lean = record(model, trace.tokens, silenced=silenced, kept_bytes=0)
    assert np.array_equal(lean.blocks[1].pattern, silent.blocks[1].pattern)


@pytest.mark.parametrize(
    ("silenced", "sentence"),
    [
        (Silenced("head", 3, 0), "block=3"),
        (Silenced("head", 0, 4), "index=4 is not one of 4 heads"),
    ],
)
def test_a_part_that_is_not_there_is_named(model, silenced, sentence):
    with pytest.raises(ValueError, match=sentence):
        record(model, text(4), silenced=silenced)


@pytest.mark.parametrize("length", [0, 49])
def test_no_token_and_too_many_are_refused(model, length):
    with pytest.raises(ValueError, match=f"{length} tokens are not between 1 and 48"):
        record(model, text(length))


@pytest.mark.slow
def test_eight_threads_mix_up_no_trace(model):
    texts = [text(4 + seed, seed) for seed in range(8)]
    parts = [None, Silenced("head", 1, 2), Silenced("mask"), Silenced("mlp", 0)]
    alone = {
        (which, part): record(model, tokens, silenced=part)
        for which, tokens in enumerate(texts)
        for part in parts
    }
    wrong = []

    def visitor(number):
        for turn in range(250):
            which, part = (number + turn) % 8, parts[turn % 5 % 4]
            kept_bytes = 0 if turn % 3 == 0 else KEPT_BYTES
            trace = record(model, texts[which], silenced=part, kept_bytes=kept_bytes)
            expected = alone[which, part]
            same = np.array_equal(trace.blocks[2].scores, expected.blocks[2].scores)
            if not (same and np.array_equal(trace.logits[-1], expected.logits[-1])):
                wrong.append((number, turn))

    threads = [threading.Thread(target=visitor, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
