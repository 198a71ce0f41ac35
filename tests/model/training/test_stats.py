"""The recipe and its schedule, by numbers that can be checked by hand."""

import math
from dataclasses import replace

import pytest

from model.training.stats import TrainConfig, bits_per_byte, learning_rate_share


def test_warm_up_climbs_in_equal_steps():
    config = TrainConfig(schedule="constant", warmup_steps=4)
    shares = [learning_rate_share(config, step, 0.0) for step in range(6)]
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])


def test_wsd_is_stable_and_then_falls_in_a_straight_line():
    config = TrainConfig(schedule="wsd", warmup_steps=0, decay_share=0.4, final_share=0.0)
    shares = [learning_rate_share(config, 0, progress) for progress in (0, 0.6, 0.7, 0.8, 1, 1.2)]
    assert shares == pytest.approx([1, 1, 0.75, 0.5, 0, 0])


def test_cosine_is_half_way_at_half_time():
    config = TrainConfig(schedule="cosine", warmup_steps=0, final_share=0.1)
    shares = [learning_rate_share(config, 0, progress) for progress in (0, 0.5, 1)]
    assert shares == pytest.approx([1, 0.55, 0.1])


def test_bits_a_byte_of_a_uniform_guess_among_256_bytes_are_eight():
    assert bits_per_byte(math.log(256), 1000, 1000) == pytest.approx(8)
    assert bits_per_byte(math.log(256), 500, 1000) == pytest.approx(4)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"n_steps": 0}, "n_steps=0"),
        ({"batch_size": 1.5}, "batch_size=1.5"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"clip_norm": -1.0}, "clip_norm=-1.0"),
        ({"decay_share": 1.1}, "decay_share=1.1"),
        ({"betas": (0.9, 1.0)}, "1.0 is not in"),
        ({"optimizer": "sgd"}, "optimizer='sgd'"),
        ({"schedule": ""}, "schedule=''"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(TrainConfig(), **wrong)
