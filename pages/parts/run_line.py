"""One line on every page while a visitor's run goes: how far it is, and the way to it."""

import streamlit as st

from pages.parts import runs, session, training
from pages.parts.stages import stage
from pages.parts.texts import as_text

_HERE = "train"
_EVERY = 2.0
_WATCHED = "watched_run"


def run_line(page: str) -> None:
    """Draw the line; nothing without a run, and nothing on the page that shows the run itself.

    Its place stands whether or not it is filled, so that what comes below is not drawn anew. Only
    the line is worked out again while a run goes; the page is, once, when the run ends.
    """
    with st.container(key="run-line"):
        if page == _HERE or not runs.tokens():
            session.keep(_WATCHED, None)
            return
        live = next((token for token in reversed(runs.tokens()) if training.is_live(token)), None)
        if live:
            session.keep(_WATCHED, live)
        watched = session.kept(_WATCHED)
        if watched:
            st.fragment(run_every=_EVERY if live else None)(_line)(watched, was_live=bool(live))


def _line(token: str, *, was_live: bool) -> None:
    found = runs.status(token)
    if was_live and (found is None or not training.is_live(token)):
        st.rerun()
    if found is None:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        words = [runs.title(token), found.sentence.rstrip(".")]
        if found.state == "running":
            words.append(f"step {found.n_done:,}")
        if found.history.steps:
            words.append(f"loss {found.history.steps[-1].loss:.2f} nats")
        if found.state == "running":
            words.append(f"{training.span(found.seconds_left)} left")
        st.caption(as_text(" · ".join(words)), width="content")
        st.page_link(stage(_HERE).path, label="Open the run ›", width="content")
