"""What stands on top of every page: the prompt, the examples, the model."""

import streamlit as st

from model.catalog import known_models
from pages.parts import session

EXAMPLES = {
    "The cat sat on the": "A plain sentence: look at the bars, then at the last row of attention.",
}


def prompt() -> None:
    """Draw the prompt box with the model's name and the examples beside it."""
    hidden = session.selection().hide
    if "prompt" not in hidden:
        st.text_area(
            "Your text",
            session.text(),
            key="prompt_plain",
            height=80,
            on_change=lambda: session.set_text(st.session_state["prompt_plain"]),
        )
    if "model" not in hidden:
        st.caption(known_models()["embedded"].title)
