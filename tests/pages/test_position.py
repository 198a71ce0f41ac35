"""The position page: pictures of the table, a swap and its measured words, every control."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from model.neighbours import project
from model.positions import fresh_rows, position_facts
from pages.figures.position import position_curves, row_lengths

ROOT = Path(__file__).parents[2]
ROWS = fresh_rows(64, 16)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_figures_draw_every_position(theme):
    facts = position_facts(ROWS)
    lengths = row_lengths(facts, 5, theme)
    drawn: Any = lengths.data
    np.testing.assert_allclose(drawn[0].y, np.linalg.norm(ROWS, axis=1))
    assert set(drawn[1].y) == {facts.fresh_length}
    found = project(ROWS, 3)
    curves = position_curves(found, 5, theme)
    drawn = curves.data
    np.testing.assert_array_equal([curve.y for curve in drawn], found.points.T)
    for figure in (lengths, curves):
        assert figure.layout.xaxis.title.text == "position"
        assert figure.layout.shapes[0].x1 == 4.5


def test_a_table_of_one_row_can_be_drawn():
    facts = position_facts(ROWS[:1])
    row_lengths(facts, 1, "light")
    position_curves(project(ROWS[:1], 3), 1, "light")


def position_page(prompt="The cat sat on the"):
    page = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    page.query_params["prompt"] = prompt
    return page.run().switch_page("pages/position.py").run()


def words_of(page):
    return " ".join(one.value for one in page.markdown)


def test_a_swap_leaves_what_stands_before_it_exactly_alone():
    page = position_page()
    assert not page.exception
    assert "Before position 2 not one number changed, at any stage" in words_of(page)
    assert "the position rows stayed" in words_of(page)


def test_two_equal_tokens_swapped_change_nothing():
    page = position_page("the the the the")
    page.selectbox(key="swap_a_picker").set_value(2).run()
    page.selectbox(key="swap_b_picker").set_value(3).run()
    assert not page.exception
    assert "not one number changes" in words_of(page)
    assert "The swap moves **0 %**" in words_of(page)


def test_the_last_token_swapped_is_said_to_be_the_one_that_predicts():
    page = position_page()
    page.selectbox(key="swap_b_picker").set_value(5).run()
    assert "One of the two is the last token" in words_of(page)


def test_every_thing_to_try_works():
    page = position_page()
    for number in range(3):
        page.button(key=f"try-position-{number}").click().run()
        assert not page.exception
    assert page.toggle(key="without_positions").value
    assert page.selectbox(key="swap_b_picker").value == 5


@pytest.mark.parametrize("text", ["", "a", "a b", "😀"])
def test_any_text_has_a_page(text):
    assert not position_page(text).exception
