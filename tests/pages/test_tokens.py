"""The tokens page: what it hands to its elements is true of the text, and every control works."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from torch.nn import functional as F

from model.bpe import words
from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.tokenizer import tokenizer
from pages.components.merges import MOST_BYTES, merge_data, shortened
from pages.parts import tokens_lab
from pages.parts.next_list import next_probabilities

ROOT = Path(__file__).parents[2]
CONFIG = GPTConfig(vocab_size=300, block_size=32, n_layer=1, n_head=2, d_model=8)


@pytest.fixture(scope="module")
def trace():
    model = GPT(CONFIG).initialize(torch.Generator().manual_seed(0)).eval()
    return record(model, tokenizer(300).encode("the cat sat on the mat"))


@given(word=st.text(min_size=1, max_size=20), vocab_size=st.sampled_from([257, 512, 8192, 50257]))
def test_the_picture_of_a_words_merges_loses_no_byte(word, vocab_size):
    drawn = merge_data(word, vocab_size)
    n_bytes = len(word.encode())
    assert sum(length for _, length in drawn["characters"]) == len(drawn["bytes"]) == n_bytes
    for state, unions in zip(drawn["states"], drawn["unions"], strict=True):
        assert sum(length for _, length, _ in state) == n_bytes
        assert len(unions) == len(state) - 1
    own = drawn["states"][drawn["n_own"]]
    if len(words(word)) == 1:
        assert [token_id for _, _, token_id in own] == list(tokenizer(vocab_size).encode(word).ids)


@given(text=st.text(max_size=60))
def test_a_shortened_word_is_its_beginning(text):
    short = shortened(text)
    assert text.startswith(short)
    assert len(short.encode()) <= MOST_BYTES
    assert short == text or len(short.encode()) > MOST_BYTES - 4


def test_the_word_at_a_character_is_the_one_that_holds_it():
    text = "The cat  sat."
    found = [tokens_lab.word_at(text, place) for place in range(len(text))]
    assert found[3:7] == [" cat"] * 4
    assert found[-1] == "."
    assert tokens_lab.word_at(text, 99) == ""


def test_forms_of_a_word_are_all_different():
    assert tokens_lab.forms(" the") == (" the", "the", "The", " The", "THE")
    assert tokens_lab.forms("12") == (" 12", "12")


def test_the_losses_of_the_pairs_equal_torchs(trace):
    expected = F.cross_entropy(
        torch.tensor(np.array(trace.logits[:-1])),
        torch.tensor(trace.tokens.ids[1:]),
        reduction="none",
    )
    # float32 in torch, float64 here.
    np.testing.assert_allclose(tokens_lab.pair_losses(trace), expected.numpy(), atol=1e-5)
    assert tokens_lab.pair_losses(trace, 3) == tokens_lab.pair_losses(trace)[3:]


def test_the_share_of_tokens_with_a_space_is_a_sum_over_their_pieces(trace):
    cutter = tokenizer(300)
    probs = next_probabilities(trace)
    spaced = [i for i in range(299) if cutter.piece(i).startswith(b" ")]
    assert tokens_lab.share_with_space(probs, cutter) == pytest.approx(float(probs[spaced].sum()))


def tokens_page(prompt="The cat sat on the"):
    page = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    page.query_params["prompt"] = prompt
    return page.run().switch_page("pages/tokens.py").run()


def test_every_thing_to_try_works():
    page = tokens_page()
    for number in range(3):
        page.button(key=f"try-tokens-{number}").click().run()
        assert not page.exception
    assert page.info[0].value.startswith("Your text ends with a space")


@pytest.mark.parametrize(
    ("prompt", "is_told", "words"),
    [
        ("The cat", False, "Without a space at the end"),
        ("The cat ", True, "Without a space at the end"),
        ("The cat  ", True, "Without the last space at the end"),
        (" ", False, "Without a space at the end"),
    ],
)
def test_the_right_hand_list_is_of_the_text_that_ends_with_a_space(prompt, is_told, words):
    page = tokens_page(prompt)
    assert any(info.value.startswith("Your text ends") for info in page.info) == is_told
    assert any(words in one.value for one in page.markdown)
    if is_told:
        cutter = tokenizer(8192)
        n_tokens = 1 + len(cutter.encode(prompt))
        told = next(one.value for one in page.markdown if words in one.value)
        assert f"{n_tokens} in place of" in told or f"{n_tokens} of them" in told


def test_any_word_can_be_taken_apart():
    page = tokens_page()
    for word in ("␣unbelievably", "two words", "\u0301<b>", "x" * 80, "😀"):
        page.text_input(key="any_word").set_value(word).run()
        assert not page.exception


@pytest.mark.parametrize("text", ["", " ", "a", "   ", "\n\n", "😀"])
def test_any_text_has_a_page(text):
    assert not tokens_page(text).exception
