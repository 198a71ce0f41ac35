"""Small controls that several pages share: one step back or on through blocks or heads."""

import streamlit as st

from pages.parts import session


def block_picker(key: str) -> None:
    """Draw "‹ block 3 of 6 ›"; the arrows change the selection."""
    stepper(key, "block", session.selection().block, session.config().n_layer)


def head_picker(key: str) -> None:
    """Draw "‹ head 5 of 8 ›"; the arrows change the selection."""
    stepper(key, "head", session.selection().head, session.config().n_head)


def stepper(key: str, part: str, index: int, count: int) -> None:
    """Draw a part of the selection, counted from 1, between two arrows.

    Args:
        key: Names the widgets.
        part: Of the selection, as `session.select` takes it, and as people read it.
        index: From 0.
        count: How many there are.
    """
    with st.container(
        horizontal=True, gap="small", vertical_alignment="center", width="content", key=key
    ):
        for sign, word, to in (("‹", "previous", index - 1), ("›", "next", index + 1)):
            if sign == "›":
                st.html(
                    f"<span style='white-space:nowrap'>{part} <b>{index + 1}</b> of {count}</span>"
                )
            st.button(
                sign,
                key=f"{key}-{word}",
                help=f"{word} {part}",
                disabled=not 0 <= to < count,
                on_click=session.select,
                kwargs={part: to},
            )
