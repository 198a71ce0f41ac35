"""An invisible element that scrolls to the part of the page where a press shows its effect."""

from pages.components.element import element


def lead_element(*, key: str, target: str, number: int) -> None:
    """Scroll to the container or element `target` once, unless it is in sight.

    Args:
        key: The element's key.
        target: The key of what is to be seen; none if empty.
        number: Tells one press from the next.
    """
    element("lead")(key=key, data={"target": target, "number": number})
