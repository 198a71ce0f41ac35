"""Sampling against transformers' own warpers, and against what can be checked by hand."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from transformers import MinPLogitsWarper, TemperatureLogitsWarper, TopKLogitsWarper
from transformers import TopPLogitsWarper as TopP

from model.sampling import (
    SamplingSettings,
    bar,
    distribution,
    sample,
    softmax,
    token_at,
)

# Whole numbers over 8 bring ties, the place where implementations part.
LOGITS = hnp.arrays(
    np.float64,
    st.integers(1, 300),
    elements=st.integers(-160, 160).map(lambda n: n / 8),
)
SETTINGS = st.builds(
    SamplingSettings,
    temperature=st.sampled_from([0.05, 0.3, 0.7, 1.0, 1.5, 4.0]),
    top_k=st.sampled_from([0, 1, 2, 5, 40, 1000]),
    top_p=st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99, 1.0]),
    min_p=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
)


def by_transformers(logits, settings):
    """Return the scores after temperature, top-k, top-p and min-p, as transformers makes them."""
    warpers = [
        TemperatureLogitsWarper(settings.temperature),
        TopKLogitsWarper(settings.top_k) if settings.top_k else None,
        TopP(settings.top_p) if settings.top_p < 1 else None,
        MinPLogitsWarper(settings.min_p) if settings.min_p else None,
    ]
    scores, rows = torch.tensor(logits, dtype=torch.float64)[None], []
    for warper in warpers:
        scores = scores if warper is None else warper(torch.zeros(1, 1), scores)
        rows.append(scores[0].numpy())
    return rows


def lies_on_a_border(logits, settings):
    """Say whether a sum of probabilities equals a bound up to rounding: then bits decide."""
    _, after_top_k, after_top_p, _ = by_transformers(logits, settings)
    sums = np.cumsum(softmax(np.sort(after_top_k)))
    probs = softmax(after_top_p)
    return (
        np.abs(sums - (1 - settings.top_p)).min() < 1e-12
        or np.abs(probs - settings.min_p * probs.max())[probs < probs.max()].min(initial=1) < 1e-12
    )


@given(LOGITS, SETTINGS)
def test_every_stage_equals_transformers(logits, settings):
    if lies_on_a_border(logits, settings):
        return
    scaled, *rows = by_transformers(logits, settings)
    ours = distribution(logits, settings)
    np.testing.assert_array_equal(ours.scaled, scaled)
    for stage, row in zip(
        (ours.after_top_k, ours.after_top_p, ours.after_min_p), rows, strict=True
    ):
        # torch sorts equal numbers in any order, so which of them top-p drops is chance: the
        # values that are left are not.
        np.testing.assert_array_equal(np.sort(scaled[stage.kept]), np.sort(row[row > -np.inf]))
    np.testing.assert_allclose(
        np.sort(ours.probs), np.sort(softmax(rows[-1])), rtol=1e-12, atol=1e-300
    )


@given(st.integers(0, 2**32), st.sampled_from([0.1, 2.0, 30.0]), SETTINGS)
def test_without_ties_the_very_same_tokens_are_kept_as_in_transformers(seed, spread, settings):
    logits = np.random.default_rng(seed).normal(size=400) * spread
    if lies_on_a_border(logits, settings):
        return
    expected = by_transformers(logits, settings)[-1] > -np.inf
    np.testing.assert_array_equal(distribution(logits, settings).kept, expected)


@given(LOGITS, SETTINGS)
def test_filters_only_ever_take_away_and_leave_one_token_at_least(logits, settings):
    found = distribution(logits, settings)
    stages = [found.after_top_k, found.after_top_p, found.after_min_p]
    for before, after in pairwise(stages):
        assert not (after.kept & ~before.kept).any()
        assert after.mass <= before.mass
    for stage in stages:
        assert stage.count == stage.kept.sum() >= 1
        assert stage.mass == pytest.approx(softmax(found.scaled)[stage.kept].sum(), abs=1e-12)
    assert found.probs.sum() == pytest.approx(1.0, abs=1e-12)
    assert not found.probs[~found.kept].any()
    assert found.kept[logits.argmax()] or (logits == logits.max()).sum() > 1


@given(LOGITS, SETTINGS, st.integers(0, 2**32))
def test_u_lies_in_the_stretch_of_the_drawn_token(logits, settings, seed):
    step = sample(logits, settings, np.random.default_rng(seed))
    ids, ends = bar(step.probs)
    place = int(np.flatnonzero(ids == step.id)[0])
    start = 0.0 if place == 0 else ends[place - 1]
    assert start <= step.u
    assert step.u < ends[place] or place == len(ids) - 1
    assert step.kept[step.id]
    assert step.u == np.random.default_rng(seed).random()


@given(LOGITS)
def test_the_bar_runs_from_likely_to_unlikely_and_equal_ones_by_id(logits):
    probs = softmax(logits)
    ids, ends = bar(probs)
    order = sorted(np.flatnonzero(probs), key=lambda i: (-probs[i], i))
    assert ids.tolist() == order
    np.testing.assert_array_equal(ends, np.cumsum(probs[order]))


def test_a_drawn_number_finds_the_token_that_the_whole_bar_says():
    rng = np.random.default_rng(0)
    for heat in (0.1, 1.0, 100.0):
        probs = softmax(rng.normal(size=5000).round(2) * 4 / heat)
        ids, ends = bar(probs)
        for u in [0.0, *rng.random(50), ends[-2], np.nextafter(ends[70], 0), ends[70]]:
            place = min(np.searchsorted(ends, u, side="right"), len(ids) - 1)
            assert token_at(probs, float(u)) == ids[place]


def test_a_number_past_the_end_of_the_bar_takes_its_last_token():
    probs = np.array([0.25, 0.5, 0.25 - 1e-12, 0.0])
    assert token_at(probs, np.nextafter(1.0, 0)) == 2


def test_an_example_to_check_by_hand():
    logits = np.log([8.0, 4.0, 2.0, 1.0, 1.0])  # sixteenths
    found = distribution(logits, SamplingSettings(top_k=3, top_p=0.8, min_p=0.1))
    assert found.after_top_k.kept.tolist() == [True, True, True, False, False]
    assert found.after_top_k.mass == pytest.approx(14 / 16)
    # Of 14 fourteenths, 8 + 4 are the first to reach 0.8.
    assert found.after_top_p.kept.tolist() == [True, True, False, False, False]
    assert found.after_top_p.mass == pytest.approx(12 / 16)
    assert found.after_min_p.count == 2
    np.testing.assert_allclose(found.probs, [2 / 3, 1 / 3, 0, 0, 0])
    assert [token_at(found.probs, u) for u in (0.0, 0.66, 0.67)] == [0, 0, 1]


def test_temperature_never_changes_what_top_k_keeps_but_changes_top_p_and_min_p():
    logits = np.random.default_rng(1).normal(size=1000) * 3
    counts = {
        heat: [
            distribution(logits, SamplingSettings(heat, top_k=50)).after_top_k.kept.tolist(),
            distribution(logits, SamplingSettings(heat, top_p=0.9)).after_top_p.count,
            distribution(logits, SamplingSettings(heat, min_p=0.05)).after_min_p.count,
        ]
        for heat in (0.5, 1.0, 2.0)
    }
    assert counts[0.5][0] == counts[1.0][0] == counts[2.0][0]
    for place in (1, 2):
        assert counts[0.5][place] < counts[1.0][place] < counts[2.0][place]


def test_the_same_amount_added_to_every_logit_changes_nothing():
    logits = np.arange(-6.0, 6.0, 0.5)
    settings = SamplingSettings(0.5, 10, 0.9, 0.01)
    moved = distribution(logits + 32, settings)
    np.testing.assert_array_equal(distribution(logits, settings).probs, moved.probs)


def test_top_k_keeps_all_that_equal_the_last_of_them():
    kept = distribution(np.array([3.0, 1.0, 2.0, 1.0, 1.0]), SamplingSettings(top_k=3)).kept
    assert kept.all()


def test_top_p_stops_where_the_sum_is_reached_exactly():
    assert distribution(np.zeros(4), SamplingSettings(top_p=0.5)).kept.sum() == 2


def test_top_p_keeps_the_first_ids_of_equal_tokens():
    kept = distribution(np.zeros(10), SamplingSettings(top_p=0.35)).kept
    assert np.flatnonzero(kept).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(5))
def test_temperature_zero_takes_the_largest_and_still_draws_one_number(seed):
    rng, twin = np.random.default_rng(seed), np.random.default_rng(seed)
    logits = np.random.default_rng(seed).normal(size=100).astype(np.float32)
    step = sample(logits, SamplingSettings(temperature=0, top_k=7, top_p=0.5, min_p=0.2), rng)
    assert step.id == logits.argmax()
    assert step.probs[step.id] == 1.0
    assert step.u == twin.random()
    assert rng.random() == twin.random()
    assert distribution([1.0, 2.0, 2.0], SamplingSettings(0)).probs.tolist() == [0, 1, 0]


def test_switched_off_filters_keep_everything():
    logits = np.array([1.0, -np.inf, 900.0])
    found = distribution(logits, SamplingSettings())
    assert (found.after_min_p.count, found.after_min_p.mass) == (2, 1.0)
    assert found.kept.tolist() == [True, False, True]


@pytest.mark.slow
def test_draws_are_as_frequent_as_their_probabilities():
    rng = np.random.default_rng(3)
    logits = rng.normal(size=12) * 2
    settings = SamplingSettings(1.3, top_k=8)
    n_draw = 20_000
    drawn = np.bincount([sample(logits, settings, rng).id for _ in range(n_draw)], minlength=12)
    probs = distribution(logits, settings).probs
    deviation = np.sqrt(n_draw * probs * (1 - probs))
    assert (np.abs(drawn - n_draw * probs) <= 4.5 * deviation).all()


def test_arrays_cannot_be_written_to_and_the_callers_stays_as_it_was():
    logits = np.array([1.0, 2.0, 3.0])
    found = distribution(logits, SamplingSettings(0.5, 2, 0.9, 0.1))
    for array in (found.logits, found.scaled, found.kept, found.probs, found.after_top_k.kept):
        assert not array.flags.writeable
    assert logits.flags.writeable
    assert logits.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"temperature": -1.0}, "temperature=-1.0"),
        ({"temperature": 1e-9}, "temperature=1e-09"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"temperature": float("inf")}, "temperature=inf"),
        ({"top_k": -1}, "top_k=-1"),
        ({"top_k": True}, "top_k=True"),
        ({"top_k": 2.5}, "top_k=2.5"),
        ({"top_p": 1.1}, "top_p=1.1"),
        ({"top_p": float("nan")}, "top_p=nan"),
        ({"min_p": -0.1}, "min_p=-0.1"),
    ],
)
def test_a_number_out_of_range_is_named(change, name):
    with pytest.raises(ValueError, match=name):
        SamplingSettings(**change)


@pytest.mark.parametrize("logits", [[], [[1.0]], [np.nan, 1.0], [np.inf, 1.0], [-np.inf, -np.inf]])
def test_a_row_that_is_none_is_refused(logits):
    with pytest.raises(ValueError, match="logits"):
        distribution(logits, SamplingSettings())
