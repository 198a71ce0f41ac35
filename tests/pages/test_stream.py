"""The residual and feed-forward pages: their sums, curves, links, and what their widgets do."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch.nn import functional as F

from model.catalog import known_models
from model.config import GPT2_SMALL, GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.lens import ledger
from model.terms import recorded
from model.tokenizer import Tokens
from pages.components.bend import activated
from pages.components.compare import standing, standing_line
from pages.components.lens import lens_columns, stage_names
from pages.parts.direct import direct_term
from pages.parts.ledger_lab import checksum, ledger_rows, summed
from pages.parts.neurons_lab import strongest
from pages.parts.residual_lab import LENS_NUMBERS

ROOT = Path(__file__).parents[2]
CONFIG = GPTConfig(vocab_size=300, block_size=16, n_layer=2, n_head=4, d_model=32)


def app(name, **query):
    page = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    return page.switch_page(f"pages/{name}.py").run()


def handed(page):
    """Return what each element without arrays was handed."""
    texts = [element.proto.json for element in page.get("bidi_component")]
    return [json.loads(text) for text in texts if text]


def lines(page):
    """Return what each comparison says of the token that is explained."""
    return [data["line"] for data in handed(page) if "line" in data]


@pytest.fixture(scope="module")
def booked():
    model = GPT(CONFIG).eval().initialize(torch.Generator().manual_seed(0))
    return ledger(model, record(model, Tokens((5, 6, 7), (b"a", b"b", b"c"))), 2, 9)


@pytest.mark.parametrize(
    ("curve", "oracle"),
    [
        ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh")),
        ("gelu", F.gelu),
        ("relu", F.relu),
    ],
)
def test_the_drawn_curve_is_torchs(curve, oracle):
    x = np.linspace(-6, 6, 101)
    assert np.allclose(activated(x, curve), oracle(torch.tensor(x)).numpy(), atol=1e-12)


def test_gelu_goes_no_lower_than_the_page_says():
    lowest = activated(np.linspace(-5, 5, 100_001), "gelu_tanh")
    assert lowest.min() == pytest.approx(-0.170, abs=5e-4)
    assert np.linspace(-5, 5, 100_001)[lowest.argmin()] == pytest.approx(-0.75, abs=5e-3)


def test_ledger_rows_hold_every_entry_and_sums_over_them(booked):
    rows = ledger_rows(booked)
    own = [row for row in rows if not row.members]
    assert [row.amount for row in own] == [entry.amount for entry in booked.entries]
    for index, row in enumerate(rows):
        if row.members:
            members = [other.amount for other in rows if other.parent == index]
            assert len(members) == row.members
            assert row.amount == pytest.approx(sum(members))
    assert sum(r.amount for r in rows if r.parent < 0) == pytest.approx(booked.total)


def test_an_entry_by_hand_stands_among_the_sums_that_the_ledger_shows(booked):
    terms = [recorded("part", "entry", entry.amount) for entry in booked.entries]
    shown = [row for row in ledger_rows(booked) if row.parent < 0]
    found = summed(booked.entries, terms)
    assert [term.value for term in found] == pytest.approx([row.amount for row in shown])
    assert [len(term.children) for term in found] == [row.members for row in shown]


def test_the_checksum_line_shows_both_sides(booked):
    line = checksum(booked, CONFIG.vocab_size).replace("−", "-")
    for number in (booked.total, booked.logit, booked.mean_logit):
        assert f"{number:.6f}" in line


def test_a_direct_contribution_is_a_dot_product():
    rng = np.random.default_rng(0)
    vector, direction = rng.normal(size=(2, 64))
    assert direct_term("x", vector, direction).value == pytest.approx(vector @ direction, rel=1e-5)


def test_a_standing_counts_ranks_from_one():
    logits = np.array([0.0, 2.0, 1.0], np.float32)
    assert [standing(logits, i).rank for i in range(3)] == [3, 1, 2]
    assert sum(standing(logits, i).probability for i in range(3)) == pytest.approx(1)


def test_a_logit_that_falls_is_written_with_a_minus():
    before, after = (standing(np.array(x, np.float32), 0) for x in ([1.0, 0.0], [-1.0, 0.0]))
    line = standing_line("x", before, after)
    assert "1.000 → −1.000 (−2.000)" in "".join(part["text"] for part in line)
    pressed = [part["press"] for part in line if part["press"]]
    assert pressed[2] == ["logit", "change"]
    assert len(pressed) == 7


def test_the_chosen_neuron_is_always_listed():
    post = np.arange(100, dtype=np.float32)
    assert strongest(post, 99)[0] == 99
    assert strongest(post, 3)[-1] == 3


def test_a_lens_reads_all_columns_of_a_small_model_and_some_of_a_large():
    small = known_models()["embedded"].config
    assert lens_columns(small, 256, 100) == range(256)
    columns = lens_columns(GPT2_SMALL, 256, 100)
    assert len(columns) < 64
    assert columns[-1] == 100
    assert lens_columns(GPT2_SMALL, 256, 2)[0] == 0
    assert len(stage_names(small.n_layer)) == small.n_layer + 1


def test_the_residual_page_adds_the_ledger_up():
    page = app("residual")
    lines = [text.value for text in page.text if text.value.startswith("Checksum: 69 entries")]
    assert len(lines) == 1
    assert not page.exception


def test_a_link_chooses_the_token_that_is_explained():
    page = app("residual", explain="300")
    (line,) = lines(page)
    assert line[0]["text"] != lines(app("residual"))[0][0]["text"]


def test_each_part_can_be_silenced():
    page, seen = app("residual"), set()
    for name in ("attention", "feed-forward layer", "the chosen head", "all positions"):
        page.segmented_control(key="silence_stream").set_value(name).run()
        assert not page.exception
        seen.add(str(lines(page)))
    assert len(seen) == 4


def test_the_things_to_try_do_what_they_say():
    page = app("residual")
    for number in range(3):
        page.button(key=f"try-residual-{number}").click().run()
        assert not page.exception
    assert page.session_state["silence_stream"] == "feed-forward layer"
    page = app("feed_forward")
    page.button(key="try-feed_forward-0").click().run()
    assert "neurons would be exactly 0" in page.info[0].value
    page.button(key="try-feed_forward-1").click().run()
    assert page.session_state["neuron"] >= 0
    page.button(key="try-feed_forward-2").click().run()
    assert page.session_state["silence_neurons"] == "the whole layer"
    assert not page.exception


@pytest.mark.parametrize("strip", ["input", "before the curve", "after the curve", "output"])
def test_a_number_of_each_strip_is_worked_out_by_hand(strip):
    page = app("feed_forward", block="3", dim="17", neuron="40")
    page.segmented_control(key="strip").set_value(strip).run()
    assert not page.exception


@pytest.mark.parametrize("block", ["0", "2"])
@pytest.mark.parametrize("row", range(5))
def test_a_number_of_each_vector_is_worked_out_by_hand(block, row):
    page = app("residual", block=block, dim="9")
    page.session_state["opened"] = f"addition-{row}"
    page.run()
    assert not page.exception
    assert "By hand" in [heading.value for heading in page.subheader]


@pytest.mark.parametrize("entry", [0, 5, 68])
def test_an_entry_of_the_ledger_is_worked_out_by_hand(entry):
    page = app("residual")
    page.session_state["opened"] = f"ledger-{entry}"
    page.run()
    assert not page.exception
    assert "By hand" in [heading.value for heading in page.subheader]


@pytest.mark.parametrize("row", ["0", "3", "-1"])
@pytest.mark.parametrize("number", LENS_NUMBERS)
def test_every_number_of_a_cell_of_the_lens_opens_its_arithmetic(row, number):
    page = app("residual", lens=row)
    page.session_state["opened"] = "lens-300"
    page.run()
    page.segmented_control(key="lens_number").set_value(number).run()
    assert not page.exception
    (tree,) = [data for data in handed(page) if "term" in data]
    assert abs(tree["difference"]) < tree["allowance"]


@pytest.mark.parametrize("part", ["attention", "the chosen head", "all positions"])
@pytest.mark.parametrize(
    ("number", "side"), [("logit", "after"), ("logit", "change"), ("rank", "before")]
)
def test_a_number_of_a_pass_with_a_silenced_part_opens_its_arithmetic(part, number, side):
    page = app("residual", silence_stream=part)
    page.session_state["opened"] = f"silence_stream_bars-{number}-{side}-9"
    page.run()
    assert not page.exception
    (tree,) = [data for data in handed(page) if "term" in data]
    assert abs(tree["difference"]) < tree["allowance"]


def test_the_block_that_turns_most_is_not_offered_to_who_stands_there():
    page = app("residual")
    for _ in range(3):
        before = page.session_state["block"]
        page.button(key="try-residual-0").click().run()
        assert page.session_state["block"] != before


@pytest.mark.parametrize("kind", ["before", "added", "after", "cosine"])
@pytest.mark.parametrize("addition", [0, 7])
def test_every_number_of_the_stream_opens_its_arithmetic(addition, kind):
    page = app("residual")
    page.session_state["opened"] = f"stream-{addition}-{kind}"
    page.run()
    assert not page.exception
    (tree,) = [data for data in handed(page) if "term" in data]
    assert abs(tree["difference"]) < tree["allowance"]


ODD_ENTRIES = (
    "stream-99-cosine.addition-7.lens-999999.ledger-69.silence_stream_bars-a-b-c.neuron-x",
    "stream-1-odd.addition-.lens--1.ledger-x.silence_stream_bars-logit-before-8192.neuron-8192",
    "stream.addition.lens.ledger.silence_stream_bars-logit-before.silence_neurons_bars.neuron",
)


@pytest.mark.parametrize("name", ["residual", "feed_forward"])
@pytest.mark.parametrize("entries", ODD_ENTRIES)
def test_a_link_that_opens_what_is_not_there_opens_nothing(name, entries):
    page = app(name, opened=entries)
    assert not page.exception
    n_own = {"residual": 0, "feed_forward": 1}[name]
    assert len([data for data in handed(page) if "term" in data]) == n_own


def test_a_pressed_neuron_opens_its_arithmetic():
    page = app("feed_forward", neuron="40")
    page.session_state["opened"] = "neuron-fires"
    page.run()
    assert not page.exception
    labels = [data["term"]["label"] for data in handed(page) if "term" in data]
    assert [label.startswith("output of neuron 40") for label in labels] == [True, True]


def test_what_a_neuron_writes_opens_its_arithmetic():
    page = app("feed_forward", neuron="40")
    page.session_state["opened"] = "neuron-300"
    page.run()
    assert not page.exception
    trees = [data for data in handed(page) if "term" in data]
    written = next(data for data in trees if "neuron 40 adds" in data["term"]["label"])
    assert abs(written["difference"]) < written["allowance"]
