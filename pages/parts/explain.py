"""Words beside the pictures: title and lead, What / How / Why, the code that ran, parameter counts.

The words themselves are files in `pages/texts/`; a writer needs no Python.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.parts import session
from pages.parts.glossary import with_terms
from pages.parts.lead import act_and_lead
from pages.parts.stages import stage, where_you_are
from pages.parts.texts import sections


def page_head(name: str, *, parameters: int | None = None) -> None:
    """Draw where you are, the title, the sentence for newcomers, and the stage's share.

    Args:
        name: Of the page and of its text; the text before the first heading is the sentence.
        parameters: How many learned numbers the stage holds.
    """
    where_you_are(name)
    with st.container(horizontal=True, horizontal_alignment="distribute", key="page-head"):
        st.title(stage(name).title, anchor=False, width="content")
        if parameters is not None:
            total = session.config().parameters.total
            st.caption(f"this stage: {parameters:,} of {total:,} parameters", width="content")
    st.markdown(sections(name)[""])


def words(name: str) -> None:
    """Draw What / How / Why of a page, unless the link hides them."""
    if "words" in session.selection().hide:
        return
    for heading in ("What", "How", "Why"):
        if heading in sections(name):
            body = with_terms(sections(name)[heading])
            st.markdown(f"#### {heading}\n\n{body}", unsafe_allow_html=True)


def picture_and_words() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return the places of a page's picture and its words; hidden words leave it the width."""
    if "words" in session.selection().hide:
        return st.container(), st.container()
    picture, beside = st.columns([3, 2], gap="large")
    return picture, beside


def words_beside(name: str) -> None:
    """Draw What / How / Why of a page beside each other, for a picture that takes the width."""
    if "words" in session.selection().hide:
        return
    found = [heading for heading in ("What", "How", "Why") if heading in sections(name)]
    for column, heading in zip(st.columns(len(found), gap="large"), found, strict=True):
        with column:
            body = with_terms(sections(name)[heading])
            st.markdown(f"#### {heading}\n\n{body}", unsafe_allow_html=True)


@dataclass(frozen=True)
class Try:
    """Offer one thing to do with one click.

    Args:
        label: What the button says.
        act: Called when it is pressed, before the page runs again.
        watch: Where to look then.
        shows: Key of the container or element that shows what it did: the page scrolls there.
        needs: Name of the control that takes it back; where the link hides that, the thing is not
            offered.
    """

    label: str
    act: Callable[[], None]
    watch: str
    shows: str = ""
    needs: str = ""


def tries(name: str, *things: Try) -> None:
    """Draw the things to try on a page, each a button with what to look at."""
    offered = [thing for thing in things if thing.needs not in session.selection().hide]
    if offered:
        st.markdown("#### Try")
    for number, thing in enumerate(offered):
        st.button(
            thing.label,
            key=f"try-{name}-{number}",
            on_click=partial(act_and_lead, thing.act, thing.shows),
        )
        st.caption(thing.watch.replace(" %", "\u00a0%"))


def run_sizes() -> str:
    """Return this run's sizes from text to probabilities, a line each."""
    config, T = session.config(), len(session.tokens())
    lines = (
        f"ids: (T,) = ({T},)",
        f"the residual stream: (T, d_model) = ({T}, {config.d_model}), "
        f"through n_layer = {config.n_layer} blocks",
        f"logits: (T, vocab_size) = ({T}, {config.vocab_size:,})",
        f"probs: (vocab_size,) = ({config.vocab_size:,},), of the last row",
    )
    return "\n".join(lines)


def sources(name: str) -> None:
    """Draw the sources of a page's claims: the section "Sources" of its text, closed."""
    if "words" not in session.selection().hide:
        with st.expander("Sources"):
            st.markdown(sections(name)["Sources"])


def code_that_ran(*functions: Callable[..., object], shapes: str = "") -> None:
    """Offer the source lines that computed the page's numbers.

    Args:
        functions: Taken from the running program with `inspect.getsource`.
        shapes: This run's sizes, a line each or with a point between two.
    """
    if "code" in session.selection().hide:
        return
    with st.expander("The code that ran"):
        for function in functions:
            st.code(_source(function), language="python")
        if shapes:
            st.code(shapes.replace(" · ", "\n"), language=None)


@lru_cache(maxsize=256)
def _source(function: Callable[..., object]) -> str:
    # Finding where a class ends reads its whole file: milliseconds in every run of a page.
    return inspect.getsource(function)
