"""Run the text again without one part of the model, and compare: the same panel on every page."""

from collections.abc import Mapping

import streamlit as st

from model.trace import Silenced
from pages.parts import session
from pages.parts.comparison import comparison


def silence_panel(options: Mapping[str, Silenced], *, key: str) -> None:
    """Let one part be silenced; show the next token's bars and one chosen logit before and after.

    The next token is that after the selected query, the logit that of the token being explained.

    Args:
        options: What the buttons say, no visitor's text, and the part each silences.
        key: Names the widgets; the chosen option is under `key` itself, and in the link.
    """
    names = list(options)
    name = st.segmented_control(
        "Part to silence",
        names,
        default=names[0],
        required=True,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
        wrap=True,
    )
    name = name if name in options else names[0]
    comparison(
        session.trace(),
        session.trace(options[name]),
        key=f"{key}-bars",
        changed=f"without {name}",
    )
