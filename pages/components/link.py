"""A button that copies the link to what the visitor sees."""

from pages.components.element import element


def copy_link(*, key: str, copied: str) -> None:
    """Draw the button; `copied` is what it says when it has copied."""
    element("link")(key=key, data={"label": "Copy link", "copied": copied})
