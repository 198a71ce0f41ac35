"""Lead the eye: after a press, scroll to where the page shows what it did."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from pages.components.lead import lead_element
from pages.parts import session
from pages.parts.byhand import is_offered


def act_and_lead(act: Callable[[], None], target: str) -> None:
    """Act, and scroll after the run to where that shows; call it from a callback.

    Args:
        act: What the press does.
        target: Key of a container or an element; none if empty, and the page stays.
    """
    act()
    _, number = session.kept("lead", ("", 0))
    session.keep("lead", (target, number + 1))


def lead(page: str) -> None:
    """Draw the element that scrolls. Called by `app.py`."""
    target, number = session.kept("lead", ("", 0))
    lead_element(key="lead", page=page, target=target, number=number)


def to_by_hand(what: str, *, key: str, act: Callable[[], None], target: str) -> None:
    """Offer the way to the panel that works a number out, unless the link hides the panel.

    Args:
        what: The number, in words: "this weight".
        key: Of the button.
        act: Chooses the number; called when the button is pressed.
        target: Key of what stands on top of the panel.
    """
    if not is_offered():
        return
    st.button(
        f"Work {what} out by hand",
        key=key,
        icon=":material/calculate:",
        type="tertiary",
        on_click=partial(act_and_lead, act, target),
    )
