"""The glossary: every example has its numbers, and a visitor's text stays text."""

import re
import string

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.glossary import entries_by_form, glossary, matching, with_terms
from pages.parts.texts import as_text


def page():
    import math

    import streamlit as st

    from pages.parts import session
    from pages.parts.glossary import example_numbers

    trace = session.trace()
    numbers = example_numbers(trace)
    st.session_state["found"] = numbers
    st.session_state["length"] = float((trace.blocks[-1].resid_post[-1] ** 2).sum() ** 0.5)
    st.session_state["e"] = math.e


@pytest.fixture(scope="module")
def run():
    return AppTest.from_function(page, default_timeout=120).run()


def test_every_example_finds_its_numbers(run):
    assert not run.exception
    for entry in glossary():
        names = [field for _, field, _, _ in string.Formatter().parse(entry.example) if field]
        assert set(names) <= set(run.session_state["found"]), entry.names


def test_the_length_read_off_the_final_norm_is_the_streams(run):
    said = float(run.session_state["found"]["length_out"])
    assert said == pytest.approx(run.session_state["length"], abs=0.006)


def test_no_two_entries_share_a_name():
    names = [name.lower() for entry in glossary() for name in entry.names]
    assert len(names) == len(set(names))


def test_an_emphasised_term_carries_its_meaning_and_other_emphasis_stays():
    text = with_terms("the *residual stream* is *not* a **logit**")
    assert "*not*" in text
    assert "**logit**" in text
    assert re.search(r'<span class="term"[^>]*data-meaning="The vectors that', text)
    assert entries_by_form()["tokens"] is entries_by_form()["token"]


@pytest.mark.parametrize(
    "label", ["<b>", "**x**", "$x$", "[a](b)", ":red[x]", "&lt;", "`", "\\", "1."]
)
def test_a_label_leaves_no_sign_that_markdown_reads(label):
    assert not set(as_text(label)) & set("<>*$[]()`\\_:!|~")


def test_the_entry_that_is_called_so_comes_before_those_that_mention_it():
    found = matching(" Softmax ")
    assert found[0].names[0] == "softmax"
    assert len(found) > 1
    assert matching("") == list(glossary())
    assert matching("no such term") == []
