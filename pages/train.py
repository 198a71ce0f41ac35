"""Train a small GPT in front of the visitor, who then looks into it on every page."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from pages.parts import explain, runs, session, training  # noqa: E402
from pages.parts.new_run import new_run, prepare  # noqa: E402
from pages.parts.texts import sections  # noqa: E402

explain.page_head("train")
mine = runs.tokens()
live = next((token for token in reversed(mine) if training.is_live(token)), None)
if mine:
    shown = live or mine[-1]
    if not live and len(mine) > 1:
        # Another key for another number of runs: the newest is shown first.
        titles = {token: runs.title(token) for token in reversed(mine)}
        shown = st.selectbox(
            "Run", list(titles), format_func=titles.__getitem__, key=f"run-{len(mine)}"
        )
    pace = training.pace(runs.status(shown))
    st.fragment(run_every=pace)(training.run_panel)(shown, paced=pace)
if live is None and "train" not in session.selection().hide:
    picture, words = st.columns([5, 3], gap="large")
    with picture:
        if mine:
            st.markdown("#### Train another one")
        new_run()
    with words:
        explain.words("train")
else:
    explain.words_beside("train")
with st.expander("What is kept, and for how long"):
    st.markdown(sections("train")["Kept"])
# While the text above is read.
prepare()
