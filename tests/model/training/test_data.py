"""Texts to batches: nothing lost, nothing twice in a pass, the same again from a state."""

import json
import lzma

import numpy as np
import pytest

from model.tokenizer import tokenizer
from model.training.data import (
    Batches,
    Source,
    documents,
    encode_documents,
    newlines_at_end,
    paragraph_starts,
    prepare,
    read_text,
)

T = 8


def batches(*sources: Source, **changes: object) -> Batches:
    options = {"batch_size": 4, "block_size": T, "vocab_size": 300, "seed": 5, **changes}
    return Batches(sources, **options)


def counting(n_token: int, weight: float = 1.0) -> Source:
    return Source(np.arange(n_token, dtype=np.uint16), weight)


def test_every_document_begins_after_the_end_of_text_token():
    ids = encode_documents("one two\n<|endoftext|>\n\n<|endoftext|>\nthree\n", 300)
    cut = tokenizer(300)
    assert list(ids) == [299, *cut.encode("one two").ids, 299, *cut.encode("three").ids]


def test_splitting_loses_nothing_but_the_marks():
    assert list(documents("\na\n\nb\n<|endoftext|>\nc")) == ["a\n\nb", "c"]


def test_a_packed_text_is_read_like_a_plain_one(tmp_path):
    text = "Once upon a time, Zoë.\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (tmp_path / "a.txt.xz").write_bytes(lzma.compress(text.encode()))
    assert read_text(tmp_path / "a.txt") == read_text(tmp_path / "a.txt.xz") == text


def test_prepared_ids_are_mapped_and_equal(tmp_path):
    (tmp_path / "a.txt").write_text("Once upon a time. " * 50)
    first = prepare(tmp_path / "a.txt", 300, tmp_path / "tokens")
    again = prepare(tmp_path / "a.txt", 300, tmp_path / "tokens")
    assert isinstance(again, np.memmap)
    assert np.array_equal(first, encode_documents("Once upon a time. " * 50, 300))
    assert np.array_equal(first, again)


def test_one_pass_reads_every_window_once():
    # Forty windows fit where the pass begins at the first token, 39 where it begins later.
    rows = batches(counting(T * 40 + 1), batch_size=39).draw()
    # Windows of T + 1 overlap by one token, so that every token is once a target.
    targets = np.sort(rows[:, 1:].ravel())
    assert len(np.unique(targets)) == len(targets)
    assert np.array_equal(np.diff(rows, axis=1), np.ones((39, T)))


def test_scattered_windows_begin_at_every_place_of_a_line():
    # Lines of six tokens, windows of eight: side by side they begin at three places of a line only.
    side_by_side = batches(counting(3000), batch_size=300).draw()[:, 0] % 6
    scattered = batches(counting(3000), batch_size=300, is_scattered=True).draw()[:, 0] % 6
    assert len(np.unique(side_by_side)) == 3
    assert (np.bincount(scattered, minlength=6) > 20).all()


def test_the_next_pass_has_another_order():
    drawn = batches(counting(T * 40 + 1), batch_size=40)
    first, second = drawn.draw(), drawn.draw()
    assert not np.array_equal(first, second)


def test_weights_are_the_shares_of_what_is_drawn():
    low, high = counting(100, 1.0), Source(np.full(100, 250, dtype=np.uint16), 3.0)
    rows = batches(low, high, batch_size=4000).draw()
    assert (rows[:, 0] == 250).mean() == pytest.approx(0.75, abs=0.03)


def test_a_window_moved_to_a_start_begins_with_the_token_and_a_paragraph():
    text = "\n\n".join(f"Paragraph {number} goes on and on." for number in range(300))
    ids = encode_documents(text, 2000)
    cut = tokenizer(2000)
    options = {"vocab_size": 2000, "block_size": 48, "batch_size": 64, "start_share": 1.0}
    rows = batches(Source(ids), **options).draw()
    assert (rows[:, 0] == 1999).all()
    inside = rows[rows[:, -1] != ids[-1]]  # the text's last window has no room to move
    assert all(cut.decode(list(row[1:])).startswith("Paragraph") for row in inside)


def test_a_paragraph_starts_after_an_empty_line_or_the_end_of_a_text():
    cut = tokenizer(50257)
    text = "Title\n\nOne line\nand another.\n\n\n  Two.\nThree"
    ids = [*cut.encode(text).ids, cut.end_of_text_id, *cut.encode("Four").ids]
    starts = paragraph_starts(np.array(ids, dtype=np.uint16), newlines_at_end(cut))
    assert [cut.decode(ids[start:])[:4] for start in starts] == ["One ", "  Tw", "Four"]


def test_the_same_seed_draws_the_same_and_another_does_not():
    draws = [batches(counting(500), seed=seed).draw() for seed in (1, 1, 2)]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


@pytest.mark.parametrize("is_scattered", [False, True])
def test_drawing_goes_on_from_a_state_that_was_a_json_file(is_scattered):
    one = batches(counting(100), counting(61, 2.0), start_share=0.3, is_scattered=is_scattered)
    for _ in range(20):
        one.draw()
    state = json.loads(json.dumps(one.state()))
    two = batches(counting(100), counting(61, 2.0), start_share=0.3, is_scattered=is_scattered)
    two.restore(state)
    for _ in range(20):
        assert np.array_equal(one.draw(), two.draw())


def test_a_state_of_other_texts_is_refused():
    with pytest.raises(ValueError, match="saved with 1 texts, not 2"):
        batches(counting(50), counting(50)).restore(batches(counting(50)).state())


def test_a_text_shorter_than_a_window_is_refused_with_the_length_it_needs():
    with pytest.raises(ValueError, match=f"{T} tokens is too short.*at least {T + 1}"):
        batches(counting(T))
    assert batches(counting(T + 1)).draw().shape == (4, T + 1)


def test_where_no_paragraph_starts_a_window_begins_with_a_line():
    cut = tokenizer(257)
    ids = np.array(cut.encode("abc=abc\nfed=fed\n" * 40).ids, dtype=np.uint16)
    batches = Batches(
        [Source(ids, 1.0)], batch_size=8, block_size=20, vocab_size=257, seed=0, start_share=1.0
    )
    for row in batches.draw():
        assert row[0] == cut.end_of_text_id
        assert cut.decode([int(i) for i in row[1:5]]) in ("abc=", "fed=")
