"""What is derived from a trace agrees with what ran: parts add up, the last row is the model."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.distributions import Categorical

from model.catalog import EMBEDDED_FOLDER
from model.checkpoints import load_checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.lens import (
    additions,
    cosine,
    direct_logits,
    ledger,
    lens_logits,
    logit_direction,
    logit_lens,
    mlp_out_of,
    neuron_row,
    stream_lengths,
    stream_parts,
)
from model.tokenizer import Tokens, tokenizer
from model.trace import Silenced

TIED = GPTConfig(vocab_size=300, block_size=48, n_layer=3, n_head=4, d_model=32)
ROUNDING = 1e-5


def random_model(config):
    model = GPT(config).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3, generator=generator)
    return model


def text(length):
    ids = np.random.default_rng(0).integers(0, TIED.vocab_size, length)
    return Tokens(tuple(int(i) for i in ids), (b"x",) * length)


@pytest.fixture(scope="module", params=["tied", "untied", "embedded"])
def run(request):
    """Return a model and a pass over a dozen tokens."""
    if request.param == "embedded":
        model = load_checkpoint(EMBEDDED_FOLDER).eval()
        return model, record(model, tokenizer(8192).encode("The cat sat on the mat and looked at"))
    model = random_model(replace(TIED, is_tied=request.param == "tied"))
    return model, record(model, text(12))


def near(a, b):
    """Compare relative to the size of the terms: 32-bit steps grow with the numbers."""
    return np.abs(a - b).max() <= ROUNDING * max(1, np.abs(b).max())


def softmax(logits):
    weights = np.exp(logits.astype(np.float64) - logits.max())
    return weights / weights.sum()


def test_heads_and_bias_add_up_to_what_attention_wrote(run):
    model, trace = run
    for position, number in itertools.product((0, len(trace.tokens) - 1), range(len(trace.blocks))):
        parts = [
            part.vector
            for part in stream_parts(model, trace, position)
            if part.block == number and part.kind in ("head", "attention bias")
        ]
        assert len(parts) == trace.config.n_head + 1
        assert near(sum(parts), trace.blocks[number].attn_out[position])


def test_all_parts_add_up_to_the_last_residual_stream(run):
    model, trace = run
    for position in range(len(trace.tokens)):
        total = sum(part.vector for part in stream_parts(model, trace, position))
        assert near(total, trace.blocks[-1].resid_post[position])


SILENCED = [
    Silenced("head", 1, 2),
    Silenced("neuron", 1, 5),
    Silenced("attention", 1),
    Silenced("mlp", 2),
    Silenced("positions"),
    Silenced("mask"),
]


@pytest.mark.parametrize("silenced", SILENCED, ids=lambda s: s.kind)
def test_the_parts_add_up_with_one_of_them_silenced(silenced):
    model = random_model(TIED)
    trace = record(model, text(9), silenced=silenced)
    total = sum(part.vector for part in stream_parts(model, trace, 8))
    assert near(total, trace.blocks[-1].resid_post[8])
    assert abs(ledger(model, trace, 8, 7).difference) < 1e-4


def test_a_silenced_sub_layer_has_nothing_booked_to_it():
    model = random_model(TIED)
    trace = record(model, text(9), silenced=Silenced("attention", 1))
    entries = ledger(model, trace, 8, 7).entries
    silent = [e for e in entries if e.block == 1 and e.kind in ("head", "attention bias")]
    assert len(silent) == TIED.n_head + 1
    assert all(entry.amount == 0 for entry in silent)


def turnover(account):
    """Return the sum of the entries' sizes: what rounding is measured by."""
    return sum(abs(entry.amount) for entry in account.entries)


def test_the_ledger_adds_up_to_the_logit_of_any_token(run):
    model, trace = run
    for position in (0, len(trace.tokens) - 1):
        for token_id in (0, 17, int(trace.logits[position].argmax()), trace.config.vocab_size - 1):
            account = ledger(model, trace, position, token_id)
            logits = trace.logits[position].astype(np.float64)
            assert account.total == pytest.approx(
                logits[token_id] - logits.mean(), abs=ROUNDING * max(1, turnover(account))
            )
            assert abs(account.difference) <= ROUNDING * max(1, turnover(account))


def test_the_ledger_books_every_part_once(run):
    model, trace = run
    names = [(e.kind, e.block, e.head) for e in ledger(model, trace, 3, 5).entries]
    config = trace.config
    assert len(names) == len(set(names)) == 3 + config.n_layer * (config.n_head + 3)


def test_an_entry_is_the_direct_effect_of_its_part(run):
    model, trace = run
    account = ledger(model, trace, 4, 17)
    for part, entry in zip(stream_parts(model, trace, 4), account.entries, strict=False):
        effect = direct_logits(model, trace, 4, part.vector)
        assert effect[17] == pytest.approx(entry.amount, abs=ROUNDING * max(1, turnover(account)))
        assert abs(effect.mean(dtype=np.float64)) < ROUNDING * max(1, np.abs(effect).max())


def test_the_last_row_of_the_lens_is_the_models_own_distribution(run):
    model, trace = run
    lens = logit_lens(model, trace, range(len(trace.tokens)))
    for position in range(len(trace.tokens)):
        probs = softmax(trace.logits[position])
        assert lens.top[-1, position] == probs.argmax() == lens.followed[position]
        assert lens.top_probs[-1, position] == pytest.approx(probs.max(), rel=1e-3)
        assert lens.ranks[-1, position] == 1


def test_a_row_of_the_lens_is_a_model_that_ends_there(run):
    model, trace = run
    ids = torch.tensor([trace.tokens.ids])
    for row in range(trace.config.n_layer + 1):
        x = model.embed(ids)
        for block in model.h[:row]:
            x = block(x)
        with torch.inference_mode():
            logits = model.lm_head(model.ln_f(x))[0].numpy()
        for position in (0, 5):
            found = lens_logits(model, trace, row, position)
            assert np.allclose(found, logits[position], atol=1e-4 * np.abs(logits).max())
        lens = logit_lens(model, trace, [0, 5], followed=[3, 4])
        assert list(lens.top[row]) == [logits[0].argmax(), logits[5].argmax()]
        assert lens.probs[row, 1] == pytest.approx(softmax(logits[5])[4], rel=1e-3)
        entropy = Categorical(logits=torch.tensor(logits[5])).entropy().item()
        assert lens.entropies[row, 1] == pytest.approx(entropy, abs=1e-3)
        assert lens.ranks[row, 1] == list(np.argsort(-logits[5], kind="stable")).index(4) + 1


def test_a_lens_worked_out_in_pieces_is_the_same(run, monkeypatch):
    model, trace = run
    whole = logit_lens(model, trace, range(8))
    monkeypatch.setattr("model.lens._LOGITS_AT_ONCE", 3 * trace.config.vocab_size)
    parts = logit_lens(model, trace, range(8))
    assert np.array_equal(whole.top, parts.top)
    assert np.allclose(whole.probs, parts.probs, rtol=1e-4)


def test_blocks_worked_out_when_read_give_the_same_numbers():
    model = random_model(TIED)
    kept, lazy = record(model, text(20)), record(model, text(20), kept_bytes=0)
    assert ledger(model, kept, 19, 3).total == pytest.approx(
        ledger(model, lazy, 19, 3).total, abs=1e-4
    )
    a, b = logit_lens(model, kept, [2, 19]), logit_lens(model, lazy, [2, 19])
    assert np.array_equal(a.top, b.top)
    assert np.allclose(a.entropies, b.entropies, atol=1e-4)


def test_lengths_and_cosines_of_an_addition_obey_the_cosine_rule(run):
    _, trace = run
    for step in additions(trace.blocks, 5):
        after = step.before**2 + step.added**2 + 2 * step.before * step.added * step.cosine_added
        assert step.after == pytest.approx(np.sqrt(after), rel=1e-4)
    second = additions(trace.blocks, 5)[1]
    mid, post = trace.blocks[0].resid_mid[5], trace.blocks[0].resid_post[5]
    assert (second.block, second.part) == (0, "mlp")
    assert second.before == pytest.approx(np.linalg.norm(mid), rel=1e-5)
    assert second.cosine == pytest.approx(
        mid @ post / np.linalg.norm(mid) / np.linalg.norm(post), abs=1e-5
    )


def test_nothing_has_no_direction():
    assert cosine(np.zeros(3), np.ones(3)) == 0


def test_the_way_back_maps_the_recorded_neurons_to_the_recorded_output(run):
    model, trace = run
    for number, block in enumerate(trace.blocks):
        assert near(mlp_out_of(model, number, block.mlp_post), block.mlp_out)


def test_silencing_a_neuron_takes_its_row_times_its_activation_out_of_the_mlp(run):
    model, trace = run
    silenced = record(model, trace.tokens, silenced=Silenced("neuron", 1, 6))
    block, other = trace.blocks[1], silenced.blocks[1]
    gone = np.outer(block.mlp_post[:, 6], neuron_row(model, 1, 6))
    assert near(other.mlp_out + gone, block.mlp_out)


def test_lengths_of_the_stream_join_the_measured_additions(run):
    _, trace = run
    lengths = stream_lengths(trace)
    steps = additions(trace.blocks, 5)
    assert lengths[:, 5] == pytest.approx([steps[0].before, *(step.after for step in steps)])


def test_a_unit_of_each_dimension_adds_its_direction(run):
    model, trace = run
    direction = logit_direction(model, trace, 4, 17)
    for dim in (0, 9):
        effect = direct_logits(model, trace, 4, np.eye(trace.config.d_model)[dim])
        assert effect[17] == pytest.approx(direction[dim], abs=1e-5 * max(1, abs(direction[dim])))
