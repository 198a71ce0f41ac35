"""An invisible element that hears which underlined term was pressed, wherever it stands."""

from pages.components.element import element, ignore


def term_presses(*, key: str) -> str | None:
    """Return the term that was pressed, if one was: the attribute `data-term` of a `.term`."""
    return element("terms")(key=key, data={}, on_term_change=ignore).term
