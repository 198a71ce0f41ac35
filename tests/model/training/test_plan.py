"""What a visitor may ask for, and the sentence for everything else."""

from dataclasses import replace

import numpy as np
import pytest

from model.config import GPTConfig
from model.training.plan import (
    MAX_PARAMETERS,
    MAX_TEXT_BYTES,
    PRESETS,
    RunPlan,
    decode_upload,
    letter_plan,
    make_corpus,
    snapshot_steps,
)
from model.training.stats import TrainConfig

SIZES = GPTConfig(vocab_size=257, block_size=32, n_layer=1, n_head=1, d_model=16)


def test_the_last_tenth_is_kept_apart_and_never_learnt_from():
    text = "".join(chr(97 + number % 26) + str(number) for number in range(2000))
    corpus = make_corpus(text, SIZES)
    n_token = len(text) + 1
    assert len(corpus.train) == n_token - round(n_token / 10)
    learnt = set(map(tuple, np.lib.stride_tricks.sliding_window_view(corpus.train, 33)))
    assert not any(tuple(window) in learnt for window in corpus.validation)


def test_too_short_a_text_says_how_much_is_needed():
    with pytest.raises(ValueError, match=r"has 6 tokens.*context of 32 needs at least 66"):
        make_corpus("short", SIZES)
    assert make_corpus("x" * 66, SIZES).validation.shape == (1, 33)


def test_an_empty_text_is_too_short_too():
    with pytest.raises(ValueError, match="has 0 tokens"):
        make_corpus(" \n", SIZES)


def test_a_byte_is_a_byte_and_larger_tokens_hold_more():
    text = "the cat sat on the mat and the dog sat on the log. " * 40
    assert make_corpus(text, SIZES).bytes_per_token == pytest.approx(1)
    assert make_corpus(text, replace(SIZES, vocab_size=2000)).bytes_per_token > 2


def test_an_upload_that_is_not_utf_8_gets_a_sentence():
    with pytest.raises(ValueError, match="not UTF-8 text: byte 3 "):
        decode_upload(b"abc\xff")
    with pytest.raises(ValueError, match="up to 5 MB"):
        decode_upload(b"a" * (MAX_TEXT_BYTES + 1))
    assert decode_upload(b"\xef\xbb\xbfZo\xc3\xab") == "Zoë"


def test_a_plan_beyond_a_visitors_bounds_is_refused():
    with pytest.raises(ValueError, match="parameters are more than"):
        RunPlan(replace(SIZES, d_model=1024, n_layer=8), TrainConfig())
    with pytest.raises(ValueError, match="tokens a step are more than"):
        RunPlan(SIZES, TrainConfig(batch_size=2000))
    with pytest.raises(ValueError, match="make too long a step: take"):
        RunPlan(replace(SIZES, d_model=256, n_layer=7), TrainConfig(batch_size=1000))
    with pytest.raises(ValueError, match="vocab_size=50257"):
        RunPlan(replace(SIZES, vocab_size=50257, d_model=8), TrainConfig())
    for name, size in (("n_layer", 9), ("n_head", 32), ("block_size", 257)):
        with pytest.raises(ValueError, match=f"{name}={size} is more than"):
            RunPlan(replace(SIZES, d_model=32, **{name: size}), TrainConfig(batch_size=1))
    with pytest.raises(ValueError, match="4000 seconds"):
        RunPlan(SIZES, TrainConfig(), seconds=4000)


def test_every_preset_can_go_on_from_the_largest_model_that_a_visitor_may_have():
    largest = replace(SIZES, vocab_size=4096, block_size=256, n_layer=8, n_head=4, d_model=264)
    assert 0.95 * MAX_PARAMETERS < largest.parameters.total <= MAX_PARAMETERS
    for preset in PRESETS:
        replace(preset.plan, sizes=largest)


def test_snapshots_are_evenly_spread_on_a_logarithmic_axis():
    assert snapshot_steps(130) == (0, 1, 2, 5, 10, 20, 50, 100, 130)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_can_be_started_on_a_short_text(preset):
    text = "Once upon a time there was a king. " * 100
    assert len(make_corpus(text, preset.plan.sizes).train) > preset.plan.sizes.block_size


def test_lines_of_letters_are_read_byte_by_byte_and_by_a_small_model_in_a_short_run():
    short, long = (letter_plan(preset.plan) for preset in PRESETS[:2])
    assert short.sizes.vocab_size == long.sizes.vocab_size == 257
    assert short.sizes.parameters.total < PRESETS[0].plan.sizes.parameters.total / 2
    assert long.sizes == replace(PRESETS[1].plan.sizes, vocab_size=257)
    assert long.recipe == PRESETS[1].plan.recipe
