"""The Python face of the tree of roads: every continuation tried from one prompt, a line each."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypedDict

from pages.components.element import element
from pages.components.percent import percent


class Stop(NamedTuple):
    """Describe one token on a road.

    Args:
        node: Its node in the tree.
        label: As it is written on the screen.
        share: Its probability when it was taken; None for the visitor's own text.
        is_drawn: Whether chance took it, not the visitor.
        is_shared: Whether the road above passed the same node.
        is_here: Whether the text now leads through it.
    """

    node: int
    label: str
    share: float | None
    is_drawn: bool
    is_shared: bool
    is_here: bool


class _Token(TypedDict):
    node: int
    label: str
    spoken: str
    share: float | None
    is_drawn: bool
    is_shared: bool
    is_here: bool


def _token(stop: Stop) -> _Token:
    how = "drawn" if stop.is_drawn else "chosen by you"
    spoken = "from your text" if stop.share is None else f"{how} at {percent(stop.share)}"
    return {
        "node": stop.node,
        "label": stop.label,
        "spoken": f"{stop.label}: {spoken}; go back to here",
        "share": stop.share,
        "is_drawn": stop.is_drawn,
        "is_shared": stop.is_shared,
        "is_here": stop.is_here,
    }


def road_tree(
    prompt: str, roads: Sequence[Sequence[Stop]], *, key: str, on_gone: Callable[[], None]
) -> None:
    """Draw the roads; a press on a token sends its node as `gone`, on the prompt 0.

    Args:
        prompt: The end of the text all roads begin with, as it is written on the screen.
        roads: Each road's tokens from the prompt to its end.
        key: The element's key.
        on_gone: Called, before the run, at a press.
    """
    lines = [[_token(stop) for stop in road] for road in roads]
    element("roads", "saving")(
        key=key, data={"prompt": prompt, "roads": lines}, on_gone_change=on_gone
    )
