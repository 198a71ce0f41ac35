"""A few tokens with one signed number each, beside what chance gives.

Drawn by `assets/components/ranking/`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pages.components.element import element, ignore


@dataclass(frozen=True)
class RankedToken:
    """Describe one row.

    Args:
        id: Of the token; sent when the row is chosen.
        label: As `piece_label` writes it.
        value: Length of the bar on the axis.
        text: The number as it stands on the screen.
        mark: A word or two beside the label.
        position: Where it stands in the text, for its tint; none if it does not.
    """

    id: int
    label: str
    value: float
    text: str
    mark: str = ""
    position: int | None = None


def ranking(
    *,
    key: str,
    title: str,
    unit: str = "value",
    rows: Sequence[RankedToken],
    axis: tuple[float, float],
    ticks: Sequence[tuple[float, str]],
    band: tuple[float, float] | None = None,
    note: str = "",
    action: str = "Look it up",
    on_token_change: Callable[[], None] | None = None,
) -> None:
    """Draw rows of bars; a chosen row's id is the element's trigger "token".

    Args:
        key: Names the element.
        title: For screen readers, and on the saved picture.
        unit: What the values are, as the saved numbers name it.
        rows: From top to bottom.
        axis: Both ends of every bar's track; zero lies between them.
        ticks: Values on the axis with their texts, from left to right.
        band: A range that is hatched behind the bars; `note` says what it is.
        note: Stands below.
        action: What a click does.
        on_token_change: Called after a click; rows cannot be chosen without it.
    """
    element("ranking", "saving")(
        key=key,
        data={
            "title": title,
            "unit": unit,
            "rows": [
                {
                    "id": row.id,
                    "label": row.label,
                    "value": row.value,
                    "text": row.text,
                    "mark": row.mark,
                    "tint": None if row.position is None else row.position % 6,
                }
                for row in rows
            ],
            "low": axis[0],
            "high": axis[1],
            "ticks": [list(tick) for tick in ticks],
            "band": None if band is None else list(band),
            "note": note,
            "action": action,
            "can_choose": on_token_change is not None,
        },
        on_token_change=on_token_change or ignore,
    )
