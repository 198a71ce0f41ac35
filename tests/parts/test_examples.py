"""What the examples menu says is true of the embedded model."""

import numpy as np
import pytest

from model.catalog import EMBEDDED
from model.hooks import record
from model.lens import ledger
from model.tokenizer import Tokens, start_token, tokenizer
from pages.parts.examples import EXAMPLES
from pages.parts.models import loaded_model
from pages.parts.stages import STAGES

ONCE, FLAT, NAME, COPY, ORDER, RARE = (example.text for example in EXAMPLES)


@pytest.fixture(scope="module")
def model():
    return loaded_model(EMBEDDED)


def trace_of(model, text):
    start = start_token(model.config.vocab_size)
    tokens = tokenizer(model.config.vocab_size).encode(text)
    return record(model, Tokens((*start.ids, *tokens.ids), (*start.pieces, *tokens.pieces)))


def likeliest(model, trace):
    """Return the last position's likeliest id, its probability, and the entropy in bits."""
    shifted = np.exp(trace.logits[-1].astype(np.float64) - trace.logits[-1].max())
    probs = shifted / shifted.sum()
    top = int(probs.argmax())
    return top, probs[top], -float(np.sum(probs * np.log2(probs)))


def written_by(model, trace, kind):
    """Return what all parts of a kind wrote to the likeliest token's logit."""
    top, _, _ = likeliest(model, trace)
    booked = ledger(model, trace, len(trace.tokens.ids) - 1, top)
    return sum(entry.amount for entry in booked.entries if entry.kind == kind)


def test_every_example_names_a_page():
    assert len(EXAMPLES) == 6
    assert {example.stage for example in EXAMPLES} <= {page.name for page in STAGES}


def test_once_upon_a_has_one_clear_winner_that_the_feed_forward_layers_wrote(model):
    trace = trace_of(model, ONCE)
    top, prob, _ = likeliest(model, trace)
    assert tokenizer(model.config.vocab_size).piece(top) == b" time"
    assert prob > 0.9
    assert written_by(model, trace, "mlp") > 2 * written_by(model, trace, "head")


def test_the_bars_after_the_cat_are_flat(model):
    _, prob, entropy = likeliest(model, trace_of(model, FLAT))
    assert prob < 0.15
    assert entropy > 6


def test_a_head_of_the_last_block_finds_the_name_after_the_first_mr(model):
    trace = trace_of(model, NAME)
    pieces = trace.tokens.pieces
    assert pieces.count(b".") == 3
    assert max(trace.blocks[-1].pattern[:, -1, pieces.index(b" Brown")]) > 0.8


def test_attention_heads_write_the_word_that_stands_in_the_text(model):
    trace = trace_of(model, COPY)
    top, prob, _ = likeliest(model, trace)
    assert tokenizer(model.config.vocab_size).piece(top) == b" ball"
    assert prob > 0.5
    assert written_by(model, trace, "head") > written_by(model, trace, "mlp")


def test_words_that_stand_twice_differ_by_their_position_alone(model):
    trace = trace_of(model, ORDER)
    first, second = (i for i, piece in enumerate(trace.tokens.pieces) if piece == b" dog")
    assert np.array_equal(trace.tok_embed[first], trace.tok_embed[second])
    difference = trace.blocks[0].resid_pre[second] - trace.blocks[0].resid_pre[first]
    expected = trace.pos_embed[second] - trace.pos_embed[first]
    assert np.abs(difference).max() > 0
    assert np.allclose(difference, expected, atol=1e-6)


def test_two_rare_words_are_many_tokens(model):
    assert len(RARE.split()) == 2
    assert len(tokenizer(model.config.vocab_size).encode(RARE).ids) >= 10
