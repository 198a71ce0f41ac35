"""Train a small GPT in front of the visitor, who then looks into it on every page."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from pages.parts import explain, runs, session, training  # noqa: E402
from pages.parts.texts import sections  # noqa: E402

explain.page_head("train")
mine = runs.tokens()
live = next((token for token in reversed(mine) if training.is_live(token)), None)
picture, words = st.columns([5, 3], gap="large")
with picture:
    if live is None and "train" not in session.selection().hide:
        text, task = training.text_choice()
        training.presets(text, task)
        with st.expander("Choose every size"):
            training.own_sizes(text, task)
    if mine:
        shown = live or st.selectbox(
            "Run",
            list(reversed(mine)),
            format_func=lambda token: f"Run {mine.index(token) + 1}",
            key="train_run",
        )
        panel = st.fragment(run_every=0.5 if live else None)(training.run_panel)
        panel(shown, was_live=live is not None)
with words:
    explain.words("train")
    st.markdown("#### What the curves mean")
    st.markdown(sections("train")["Curves"])
    with st.expander("What is kept, and for how long"):
        st.markdown(sections("train")["Kept"])
# The queue's thread loads what training needs while the text above is read.
runs.jobs()
