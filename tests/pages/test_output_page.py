"""The output page without a browser: every widget once, odd texts, exact ids, the guessing game."""

import csv
import io
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.sampling import SamplingSettings, distribution
from model.tokenizer import tokenizer
from pages.components.bars import Ranking
from pages.components.columns import bands, heads, line, picked_number, pressed
from pages.components.passage import Piece, chips
from pages.components.percent import bits
from pages.parts.guessing import visitor_bits
from pages.parts.output_files import stages_table

ROOT = Path(__file__).parents[2]
V = 600


@pytest.fixture
def output():
    app = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    app.query_params["prompt"] = "Once upon a"
    app.run()
    return app.switch_page("pages/output.py").run()


@pytest.fixture
def logits():
    return (np.random.default_rng(11).standard_normal(V) * 2).astype(np.float32)


def button(output, label):
    return next(one for one in output.button if one.label == label)


def exact_ids(output):
    return output.session_state["ids"][1]


def test_the_page_draws_undoes_and_redraws_the_same_token(output):
    button(output, "Draw a token").click().run()
    first = exact_ids(output)
    button(output, "Undo").click().run()
    assert exact_ids(output) == first[:-1]
    button(output, "Draw a token").click().run()
    assert exact_ids(output) == first
    assert not output.exception


def test_another_seed_can_draw_another_token(output):
    drawn = set()
    for seed in range(12):
        output.session_state["seed"] = seed
        output.session_state["temperature"] = 2.0
        output.run()
        button(output, "Draw a token").click().run()
        drawn.add(exact_ids(output)[-1])
        button(output, "Undo").click().run()
    assert len(drawn) > 3


def test_a_text_that_ends_in_half_a_character_keeps_its_exact_tokens(output):
    output.session_state["text"] = "any"
    output.session_state["prompt"] = "any"
    # Token 195 is one byte above 127: no character by itself.
    assert tokenizer(8192).label(195).startswith("⟨")
    output.session_state["ids"] = (8192, (7, 8, 195))
    output.run()
    button(output, "Draw a token").click().run()
    assert exact_ids(output)[:3] == (7, 8, 195)
    button(output, "Undo all").click().run()
    assert exact_ids(output) == (7, 8, 195)
    assert not output.exception


def test_exact_tokens_of_another_vocabulary_are_cut_afresh(output):
    output.session_state["ids"] = (50257, (50000, 50001))
    output.run()
    assert not output.exception
    button(output, "Draw a token").click().run()
    assert exact_ids(output)[:-1] == tokenizer(8192).encode("Once upon a").ids


def test_every_toggle_and_the_measurement_work(output):
    output.toggle(key="many-draws").set_value(True).run()
    assert any("draws with seed 1 found" in one.value for one in output.caption)
    button(output, "Measure 32 tokens both ways").click().run()
    assert any("times fewer tokens computed" in one.value for one in output.caption)
    # 4 tokens at first, then one more each time: 4 + 31 against 4 + 5 + … + 35.
    table = next(one.value for one in output.markdown if "with the cache" in one.value)
    assert "| 35 tokens |" in table
    assert "| 624 tokens |" in table
    assert not output.exception


def test_a_guess_is_asked_scored_and_shown(output):
    output.toggle(key="guess-first").set_value(True).run()
    assert not [one for one in output.get("bidi_component") if '"n_in_order"' in one.proto.json]
    output.text_input(key="guess").set_value("time").run()
    output.slider(key="guess-sure").set_value(90).run()
    button(output, "Draw and reveal").click().run()
    assert any("came, you said ␣time at 90 %" in one.value for one in output.text)
    assert any("Over 1 guess: you" in one.value for one in output.caption)
    button(output, "Next guess").click().run()
    assert output.text_input(key="guess").value == ""
    assert not output.exception


def test_hidden_controls_stay_hidden():
    app = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    app.query_params["hide"] = "sampling,byhand,words,code"
    app.run()
    output = app.switch_page("pages/output.py").run()
    assert not output.exception
    assert not [one for one in output.markdown if "By hand" in one.value]
    assert not output.expander


def test_a_guess_costs_what_it_promised():
    assert bits(0.5) == 1
    assert visitor_bits(0.25, 1025, is_right=True) == 2
    assert math.isclose(visitor_bits(0.5, 1025, is_right=False), 11)
    even = visitor_bits(1 / V, V, is_right=False)
    assert math.isclose(even, math.log2(V))


def test_columns_show_a_token_until_the_stage_that_removes_it(logits):
    settings = SamplingSettings(temperature=0.5, top_k=20, min_p=0.3)
    ranking = Ranking(distribution(logits, settings))
    last = line(ranking, int(ranking.order[-1]), tokenizer(V), picked=None)
    value = float(logits.min())
    assert value < 0
    assert last["cells"] == [f"−{-value:.4f}", f"−{-2 * value:.4f}", "–", "–", "–", "0 %"]
    names = [name for name, _ in heads(ranking, settings)]
    assert names == ["logit", "÷ temperature 0.5", "top-k 20", "top-p off", "min-p 0.3", "softmax"]


def test_the_bands_cover_every_rank_once(logits):
    found = bands(Ranking(distribution(logits, SamplingSettings())))
    ends = [[int(n.replace(",", "")) for n in band["ranks"].split(" – ")] for band in found]
    assert ends[0][0] == 1
    assert ends[-1][-1] == V
    assert all(before[-1] + 1 == after[0] for before, after in pairwise(ends))
    assert found[0]["widths"] == [100.0] * 6


def test_a_press_names_a_number_and_nonsense_names_the_likeliest(logits):
    ranking = Ranking(distribution(logits, SamplingSettings()))
    for column, is_logit in ((0, True), (3, False)):
        assert pressed({"id": 5, "column": column}) == (5, column)
        assert picked_number(5, column, ranking) == (5, is_logit)
    for nonsense in (None, {"id": 5}, {"id": "5", "column": 1}, 7):
        assert pressed(nonsense) is None
    for unknown in (None, V):
        assert picked_number(unknown, 0, ranking) == (int(logits.argmax()), False)


def test_every_token_has_a_chip_and_the_next_one_too():
    found = chips([Piece("<|endoftext|>", "start", None), Piece("␣a", "drawn", 3.0)])
    assert [chip["label"] for chip in found] == ["<|endoftext|>", "␣a", "next ?"]
    assert [chip["position"] for chip in found] == [0, 1, 2]
    assert "12.50 %" in found[1]["spoken"]
    assert found[0]["bits_text"] == ""


def test_the_saved_stages_hold_the_whole_vocabulary(logits, monkeypatch):
    monkeypatch.setattr("pages.parts.session.cutter", lambda: tokenizer(V))
    found = distribution(logits, SamplingSettings(temperature=0.5, top_k=20))
    rows = list(csv.DictReader(io.StringIO(stages_table(Ranking(found)))))
    assert len(rows) == V
    assert [int(row["id"]) for row in rows] == np.argsort(-logits, kind="stable").tolist()
    assert math.isclose(sum(float(row["probability"]) for row in rows), 1)
    assert sum(row["after top-k"] != "" for row in rows) == 20
    assert float(rows[0]["scaled"]) == 2 * float(logits.max())
