"""BPE in slow motion against tiktoken, which is fast and written by others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.bpe import cut, merge_steps, piece_ids, single_bytes, unions, words
from model.tokenizer import gpt2_pieces, tokenizer

SIZES = (257, 300, 1000, 8192, 50257)
TEXT = (
    "The cat sat on the mat.  It's 12345 o'clock, isn't it?\n\n\tdef f(x):\r\n    return x**2  "
    "naïve café, Straße, 안녕하세요, привет, 😀👩‍👩‍👧 e\u0301 \u00a0x\u2003y\u0085z "
    "<|endoftext|> unbelievably antidisestablishmentarianism "
)


def by_slow_motion(text, vocab_size):
    return [piece for word in words(text) for piece in cut(word, vocab_size)]


@pytest.mark.parametrize("vocab_size", SIZES)
def test_the_end_equals_tiktokens_cut(vocab_size):
    assert by_slow_motion(TEXT, vocab_size) == list(tokenizer(vocab_size).encode(TEXT).pieces)


@settings(max_examples=300)
@given(text=st.text(max_size=60), vocab_size=st.sampled_from(SIZES))
def test_the_end_equals_tiktokens_cut_of_any_text(text, vocab_size):
    assert by_slow_motion(text, vocab_size) == list(tokenizer(vocab_size).encode(text).pieces)


@pytest.mark.parametrize("vocab_size", SIZES)
def test_the_end_equals_tiktokens_cut_of_thousands_of_words(vocab_size):
    texts = [piece.decode("utf-8", "ignore") for piece in gpt2_pieces()[256::17]]
    cutter = tokenizer(vocab_size)
    for text in texts:
        assert by_slow_motion(text, vocab_size) == list(cutter.encode(text).pieces), text


def test_the_words_joined_are_the_text():
    assert "".join(words(TEXT)) == TEXT


def test_a_space_stays_with_the_word_after_it():
    assert words("the cat  sat ") == ("the", " cat", " ", " sat", " ")


def test_the_merges_of_the_can_be_followed_by_hand():
    """Merges 1 and 3 in GPT-2's file are "Ġ t" and "h e"; "Ġt he" is merge 7."""
    steps = merge_steps(" the")
    assert [step.pair for step in steps] == [(b" ", b"t"), (b"h", b"e"), (b" t", b"he")]
    assert [step.merge_number for step in steps] == [1, 3, 7]
    assert [step.after for step in steps] == [(b" t", b"h", b"e"), (b" t", b"he"), (b" the",)]


@given(word=st.text(min_size=1, max_size=30))
def test_every_step_joins_the_lowest_union_and_loses_no_byte(word):
    for step in merge_steps(word):
        joinable = [at for at in unions(step.before) if at is not None]
        assert step.id == min(joinable) == piece_ids()[b"".join(step.pair)]
        assert b"".join(step.after) == b"".join(step.before) == b"".join(single_bytes(word))
        assert len(step.after) == len(step.before) - 1


@given(word=st.text(min_size=1, max_size=30), vocab_size=st.integers(257, 50257))
def test_a_smaller_vocabulary_does_the_first_steps_of_a_larger_one(word, vocab_size):
    some, every = merge_steps(word, vocab_size), merge_steps(word)
    assert every[: len(some)] == some
    # … and stops at the first merge that it does not have.
    assert all(step.id >= vocab_size - 1 for step in every[len(some) : len(some) + 1])


def test_plain_bytes_have_no_merge():
    assert merge_steps("the", 257) == ()
