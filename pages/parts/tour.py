"""The guided tour: eight steps over the whole app, each done by the visitor's own hand."""

import streamlit as st

from pages.components.tour import TourStep, tour_card
from pages.parts import session
from pages.parts.stages import stage

_KEY = "tour_card"


def _link(page: str, title: str, text: str) -> TourStep:
    """Return the step that leads to a page by its link in the strip."""
    todo = f"Open “{stage(page).step}” in the strip of stages."
    return TourStep(title, text, todo, None, f".st-key-where-{page} a")


def _steps() -> tuple[TourStep, ...]:
    return (
        TourStep(
            "Your words",
            "Everything in this app is about the text in this box. It is cut into tokens as you "
            "type; the spaces belong to them.",
            "Add a word of your own.",
            None,
            ".st-key-box",
            "input",
        ),
        TourStep(
            "The whole way",
            "Text at the top, the next token at the bottom; each strip has one row a token.",
            "Choose another block in the picture.",
            "overview",
            ".st-key-flow",
        ),
        _link("tokens", "Where text becomes numbers", "First stage: how the pieces are found."),
        TourStep(
            "One token",
            "A token you choose is lit on every page: it is the one that looks back, the query.",
            "Click a piece under your text.",
            None,
            ".st-key-box",
        ),
        _link("attention", "Where tokens meet", "The only place where one token sees another."),
        TourStep(
            "One head's map",
            "Each row is a token that looks, each column one that is looked at. Hatched cells lie "
            "in the future.",
            "Click a cell to read its score and weight.",
            "attention",
            ".st-key-map",
        ),
        _link("output", "What comes next", "The end of the way: a probability for every token."),
        TourStep(
            "Draw a token",
            "One random number between 0 and 1 picks the next token; the same seed picks the same.",
            "Draw one, and see it join your text.",
            "output",
            ".st-key-draw",
        ),
    )


def tour(page: str) -> None:
    """Draw the tour's button in the sidebar and, while it runs, its card."""
    if "tour" in session.selection().hide:
        return
    number = session.kept("tour_step", -1)
    steps = _steps()
    with st.sidebar:
        begun = session.kept("tour_left", 0)
        label = f"Go on with the tour ({begun + 1} of {len(steps)})" if begun else "Take the tour"
        if number < 0:
            st.button(label, key="tour_start", on_click=_go_to, args=(begun,), width="stretch")
    if number < 0:
        return
    step = steps[number]
    if step.page not in (None, page):
        with st.sidebar:
            st.page_link(stage(step.page).path, label=f"The tour goes on: {stage(step.page).title}")
    tour_card(step, key=_KEY, number=number, count=len(steps), on_step_change=_changed)


def _changed() -> None:
    _go_to(int(session.element_state(_KEY, "step")))


def _go_to(number: int) -> None:
    """Show a step; below the first, leave and remember where; after the last, end."""
    if number < 0:
        session.keep("tour_left", session.kept("tour_step", 0))
    elif number >= len(_steps()):
        session.keep("tour_left", 0)
        number = -1
    session.keep("tour_step", number)
