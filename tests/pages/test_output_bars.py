"""What the next-token bars say, against sums worked out here."""

import itertools
import math

import numpy as np
import pytest

from model.sampling import SamplingSettings, distribution, sample, softmax
from model.tokenizer import tokenizer
from pages.components import bars, sampling
from pages.components.percent import percent

VOCAB_SIZE = 1000


@pytest.fixture
def logits():
    return (np.random.default_rng(7).standard_normal(VOCAB_SIZE) * 2.5).astype(np.float32)


@pytest.fixture
def labels():
    return tokenizer(VOCAB_SIZE)


def ranked(logits, **settings):
    return bars.Ranking(distribution(logits, SamplingSettings(**settings)))


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "<0.01 %"),
        (1e-9, "<0.01 %"),
        (0.12345, "12.35 %"),
        (0.99995, ">99.99 %"),
        (1.0, ">99.99 %"),
    ],
)
def test_a_percentage_is_never_rounded_into_a_lie(share, text):
    assert percent(share) == text


def test_nothing_and_all_are_said_only_where_they_are_exact():
    assert percent(0.0, is_exact=True) == "0 %"
    assert percent(1.0, is_exact=True) == "100 %"
    assert percent(0.4, is_exact=True) == "40.00 %"


def test_rows_stand_in_the_order_of_their_probability(logits, labels):
    ranking = ranked(logits)
    rows = bars.token_rows(ranking, ranking.top(20), labels)
    assert [row["probability"] for row in rows] == sorted(softmax(logits), reverse=True)[:20]
    assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, 21)]


def test_equal_logits_rank_by_id_and_the_kept_come_first(labels):
    ranking = ranked(np.zeros(VOCAB_SIZE), top_p=0.5)
    assert list(ranking.order) == list(range(VOCAB_SIZE))
    kept = ranking.found.kept[ranking.order]
    assert kept[: ranking.n_kept].all()
    assert not kept[ranking.n_kept :].any()


def test_rows_and_rest_add_up_to_the_whole_vocabulary(logits):
    ranking = ranked(logits)
    ids = ranking.top(12)
    rest = 1 - softmax(logits)[ids].sum()
    assert bars.rest_text(ranking, ids).startswith(f"988 other tokens: {100 * rest:.2f} %")


def test_the_rest_says_zero_only_where_all_of_it_was_removed(logits):
    removed = ranked(logits, top_k=12)
    ids = removed.top(12)
    assert bars.rest_text(removed, ids).startswith("988 other tokens: 0 % (originally ")
    assert "all removed" in bars.rest_text(removed, ids)
    assert bars.rest_text(removed, removed.top(VOCAB_SIZE)) == ""


def test_where_no_setting_counts_the_rest_has_one_number(logits):
    ranking = ranked(logits)
    text = bars.rest_text(ranking, ranking.top(12), is_plain=True)
    assert text == bars.rest_text(ranking, ranking.top(12)).split(" (originally")[0]


def test_a_removed_token_names_the_stage_that_removed_it(logits):
    settings = {"top_k": 50, "top_p": 0.8, "min_p": 0.2}
    ranking = ranked(logits, **settings)
    found = ranking.found
    stages = (found.after_top_k, found.after_top_p, found.after_min_p)
    names = [ranking.removed_by(int(token_id)) for token_id in ranking.order]
    counts = [stage.count for stage in stages]
    assert names[: counts[2]] == [""] * counts[2]
    assert names[counts[2] : counts[1]] == ["min-p"] * (counts[1] - counts[2])
    assert names[counts[1] : counts[0]] == ["top-p"] * (counts[0] - counts[1])
    assert set(names[counts[0] :]) == {"top-k"}
    assert counts[0] > counts[1] > counts[2]


def test_temperature_zero_keeps_one_token_at_exactly_100_percent(logits, labels):
    ranking = ranked(logits, temperature=0)
    first, second = bars.token_rows(ranking, ranking.top(2), labels)
    assert (first["text"], first["removed"]) == ("100 %", "")
    assert (second["text"], second["removed"]) == ("0 %", "temperature 0")
    assert bars.cut_text(ranking) == "Temperature 0 keeps 1 of 1,000 tokens: the likeliest."


def test_a_certain_looking_token_among_others_is_not_called_certain(labels):
    logits = np.zeros(VOCAB_SIZE)
    logits[5] = 100
    row = bars.token_rows(ranked(logits), [5], labels)[0]
    assert row["text"] == ">99.99 %"


def test_the_stretches_cover_the_bar_without_gaps_and_u_falls_in_the_drawn_one(logits, labels):
    for seed in range(200):
        step = sample(logits, SamplingSettings(), np.random.default_rng(seed))
        parts = bars.stretches(ranked(logits), labels, step.u)
        assert parts[0]["start"] == 0
        assert math.isclose(parts[-1]["end"], 1, abs_tol=1e-12)
        assert all(a["end"] == b["start"] for a, b in itertools.pairwise(parts))
        (picked,) = [part for part in parts if part["is_picked"]]
        assert picked["label"] == labels.label(step.id)
        assert picked["start"] <= step.u < picked["end"]


def test_a_number_on_the_border_belongs_to_the_next_token(labels):
    logits = np.full(VOCAB_SIZE, -np.inf)
    logits[[4, 5, 6, 7]] = 0
    parts = bars.stretches(ranked(logits), labels, 0.5)
    (picked,) = [part for part in parts if part["is_picked"]]
    assert (picked["label"], picked["start"]) == (labels.label(6), 0.5)


def test_a_search_finds_ids_exact_pieces_and_white_space(logits, labels):
    ranking = ranked(logits)
    the = labels.encode(" the").ids[0]
    assert bars.searched("␣the", ranking, labels)[0] == the
    assert the in bars.searched("the", ranking, labels)[:2]
    assert bars.searched(f"#{the}", ranking, labels)[0] == the
    assert bars.searched("", ranking, labels) == []
    assert bars.searched("no such piece", ranking, labels) == []


def test_a_click_on_other_bars_or_an_impossible_id_is_dropped(labels):
    assert bars.chosen_id({"id": 7, "at": "here"}, "here", labels) == 7
    assert bars.chosen_id({"id": 7, "at": "elsewhere"}, "here", labels) is None
    assert bars.chosen_id({"id": VOCAB_SIZE, "at": "here"}, "here", labels) is None
    assert bars.chosen_id({"id": "7", "at": "here"}, "here", labels) is None
    assert bars.chosen_id(None, "here", labels) is None


def test_sent_settings_are_brought_into_range_and_nonsense_is_refused():
    wild = {"temperature": 99, "top_k": 10**9, "top_p": -1, "min_p": 7}
    assert sampling.settings_from(wild, VOCAB_SIZE) == SamplingSettings(10.0, VOCAB_SIZE, 0.01, 1.0)
    assert sampling.settings_from({"temperature": "hot"}, VOCAB_SIZE) is None
    assert sampling.settings_from(wild | {"top_p": math.nan}, VOCAB_SIZE) is None
    assert sampling.settings_from(None, VOCAB_SIZE) is None
    assert sampling.held_settings(wild | {"held": False}, VOCAB_SIZE) is None
    assert sampling.held_settings(wild | {"held": True}, VOCAB_SIZE) is not None


def test_each_preset_survives_the_way_to_the_browser_and_back():
    for _, preset in sampling.PRESETS:
        assert sampling.settings_from(sampling.values(preset), 50257) == preset


def test_each_stage_counts_what_came_in_and_what_went_out(logits):
    settings = SamplingSettings(temperature=0.7, top_k=40, top_p=0.9)
    found = distribution(logits, settings)
    heat, top_k, top_p, min_p = sampling.effects(found, settings)
    assert "÷ 0.7" in heat
    assert top_k.startswith("1,000 tokens in, 40 out: ")
    assert top_p.startswith(f"40 tokens in, {found.after_top_p.count} out: ")
    assert min_p.startswith(f"off: {found.after_top_p.count} tokens in")
