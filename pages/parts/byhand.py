"""The one panel, the same on every page, that works a number out by hand."""

import streamlit as st

from model.terms import Term
from pages.components.byhand import term_tree
from pages.parts import session


def is_offered() -> bool:
    """Say whether numbers can be worked out on this page: the link may leave that out."""
    return "byhand" not in session.selection().hide


def by_hand(term: Term, *, model_value: float, key: str = "by-hand") -> None:
    """Draw the calculation of the number that was clicked, unless the link hides it.

    Args:
        term: The calculation, from `model.arithmetic`.
        model_value: The model's own number.
        key: Names the panel where a page has more than one.
    """
    if not is_offered():
        return
    st.subheader("By hand", anchor=False)
    term_tree(key=key, term=term, model_value=model_value)
