"""The card of the guided tour: points at a thing on the page and waits until it is used."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from pages.components.element import element


@dataclass(frozen=True)
class TourStep:
    """Say one thing and what to do.

    Args:
        title: A few words.
        text: One or two sentences.
        todo: What the visitor does to go on.
        page: Where the target is; none for anywhere.
        target: CSS selector of what the ring is drawn around.
        event: What done means: a click in it, or typing.
    """

    title: str
    text: str
    todo: str
    page: str | None
    target: str
    event: str = "click"


def tour_card(
    step: TourStep, *, key: str, number: int, count: int, on_step_change: Callable[[], None]
) -> None:
    """Draw the card; its state "step" is the number to go to, −1 to leave."""
    element("tour")(
        key=key,
        data={"step": asdict(step) | {"number": number}, "count": count},
        on_step_change=on_step_change,
    )
