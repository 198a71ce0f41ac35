"""An invisible element that scrolls to the part of the page where a press shows its effect."""

from pages.components.element import element


def lead_element(*, key: str, page: str, target: str, number: int) -> None:
    """Scroll to the container or element `target` once, unless it is in sight.

    On a narrow screen the strip of stages scrolls sideways: this stage comes to its middle.

    Args:
        key: The element's key.
        page: Where the visitor is.
        target: The key of what is to be seen; none if empty.
        number: Tells one press from the next.
    """
    element("lead")(key=key, data={"page": page, "target": target, "number": number})
