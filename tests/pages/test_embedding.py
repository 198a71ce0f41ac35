"""The embedding page: what it says of rows is true of the table, and every control works."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from model.neighbours import project
from model.tokenizer import tokenizer
from pages.components.matrix import color_limit, color_steps, scale_texts
from pages.figures.embedding import projection_plane, projection_space
from pages.parts.embedding_lab import sampled_ids
from pages.parts.kinds import kind_ids
from pages.parts.token_search import exact_search, find

ROOT = Path(__file__).parents[2]
V = 8192
CUTTER = tokenizer(V)


def one(text):
    (token_id,) = CUTTER.encode(text).ids
    return token_id


# ---- the search


def test_a_bare_word_means_the_token_inside_a_text():
    assert find("boy", CUTTER)[0] == one(" boy")
    assert find('"boy"', CUTTER) == (one("boy"),)
    assert find("␣boy", CUTTER)[0] == find(" boy", CUTTER)[0] == one(" boy")


def test_a_part_of_a_word_finds_those_that_hold_it():
    found = find("looke", CUTTER)
    assert one(" looked") in found
    assert all("looke" in CUTTER.label(token_id).casefold() for token_id in found)


@given(st.integers(0, V - 1))
def test_every_token_can_be_found_by_its_id(token_id):
    assert find(exact_search(token_id), CUTTER) == (token_id,)


@given(st.text(max_size=12))
def test_a_search_takes_any_text(typed):
    assert all(0 <= token_id < V for token_id in find(typed, CUTTER))


def test_a_search_for_nothing_or_for_too_much_finds_nothing():
    assert find("", CUTTER) == find("#8192", CUTTER) == find("#²", CUTTER) == ()
    assert find("antidisestablishmentarianism", CUTTER) == ()


# ---- kinds


@pytest.mark.parametrize("vocab_size", [257, 400, 1000, V, 50257])
def test_kinds_hold_whole_tokens_only_and_each_token_once(vocab_size):
    kinds = kind_ids(tokenizer(vocab_size))
    assert {"digits", "capitals", "signs"} <= set(kinds)
    for ids in kinds.values():
        assert len(ids) == len(set(ids)) >= 3
        assert max(ids) < vocab_size - 1


# ---- the pictures


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_the_rows_that_are_drawn_are_in_order_and_hold_the_chosen_one(case):
    n_rows, chosen = case
    ids = sampled_ids(n_rows, chosen)
    assert chosen in ids
    assert list(ids) == sorted(set(ids))
    assert 0 <= ids[0] <= ids[-1] < n_rows


def test_zero_is_the_middle_of_signed_colours_and_the_start_of_others():
    values = np.array([[-2, 0, 1, 9]], np.float32)
    assert color_steps(values, 2, is_signed=True).tolist() == [[0, 127, 190, 254]]
    assert color_steps(values, 2, is_signed=False).tolist() == [[0, 0, 127, 254]]


def test_the_legend_says_where_numbers_go_past_its_ends():
    values = np.array([[-1, 3]], np.float32)
    assert scale_texts(values, 2, 1, is_signed=True) == ("−2.0", "0", "≥ 2.0")
    assert color_limit(np.zeros((2, 2), np.float32)) == 1


@pytest.mark.parametrize(
    ("draw", "kind"), [(projection_plane, "scatter"), (projection_space, "scatter3d")]
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_projection_draws_every_token_once_and_never_as_markup(draw, kind, theme):
    rows = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    labels = ("<b>x</b>", "a&b", "2020", "2020", "␣", "⏎")
    found = project(rows, 3)
    figure = draw(found, labels, tuple("kkklll"), theme)
    assert {trace.type for trace in figure.data} == {kind}
    assert sum(len(trace.x) for trace in figure.data) == 6
    texts = [text for trace in figure.data for text in trace.text]
    assert texts[:3] == ["&lt;b&gt;x&lt;/b&gt;", "a&amp;b", "2020"]
    assert f"{100 * float(found.shares[0]):.1f} %" in str(figure.layout)


# ---- the page


def embedding_page(prompt="The cat sat on the cat"):
    page = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    page.query_params["prompt"] = prompt
    return page.run().switch_page("pages/embedding.py").run()


def words_of(page):
    return " ".join(one.value for one in page.markdown)


def test_the_pass_took_the_rows_that_are_shown():
    page = embedding_page()
    assert not page.exception
    assert "largest difference between the two: 0.0" in words_of(page)
    assert "The row is the same at all 2 places" in words_of(page)


@pytest.mark.parametrize("typed", ["three", '"the"', "#0", "#8191", "zzzzzz", "<b>", "´"])
def test_any_search_has_an_answer(typed):
    page = embedding_page()
    page.text_input(key="find_token").set_value(typed).run()
    assert not page.exception


def test_every_control_and_thing_to_try_works():
    page = embedding_page()
    page.segmented_control(key="directions").set_value(3).run()
    page.toggle(key="is_centered").set_value(True).run()
    page.toggle(key="with_inputs").set_value(True).run()
    page.text_input(key="compare_a").set_value("unbelievably <i>").run()
    page.text_input(key="arithmetic_b").set_value("").run()
    page.multiselect(key="kinds-8192").set_value([]).run()
    for number in range(3):
        page.button(key=f"try-embedding-{number}").click().run()
        assert not page.exception
    assert not page.exception
