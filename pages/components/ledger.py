"""Signed bars, one row a part: the Python face of `assets/components/ledger/`.

Draws whatever adds up, or stands side by side, with a sign: the account of a logit, neurons, the
tokens that a vector raises and lowers.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from pages.components.element import element, ignore


@dataclass(frozen=True)
class BarRow:
    """Describe one row.

    Args:
        label: What it is called; of rows with members, unique.
        amount: The signed number.
        note: A few words beside the label.
        role: "attention", "mlp" or "weights" for the mark in front; none otherwise.
        parent: The row it is part of, as its place in the list; −1 stands by itself.
        members: How many rows it sums up.
        is_token: Whether the label is a token's.
        is_chosen: Whether it is outlined.
        can_choose: Whether it can be pressed.
    """

    label: str
    amount: float
    note: str = ""
    role: str = ""
    parent: int = -1
    members: int = 0
    is_token: bool = False
    is_chosen: bool = False
    can_choose: bool = False


def signed_bars(
    rows: Sequence[BarRow],
    *,
    key: str,
    title: str,
    what: str,
    unit: str,
    action: str = "",
    decimals: int = 3,
    on_chosen: Callable[[], None] = ignore,
) -> None:
    """Draw the rows; a row that is pressed sends its place in the list as "chosen".

    Args:
        rows: A row's members come right after it.
        key: Names the element and its state.
        title: On the saved picture, and for screen readers.
        what: Heads the column of labels.
        unit: Heads the column of numbers.
        action: What pressing a row does.
        decimals: Digits after the point.
        on_chosen: Called, before the run, when a row is pressed.
    """
    element("ledger", "canvas", "numbers")(
        key=key,
        data={
            "rows": [asdict(row) for row in rows],
            "is_tree": any(row.members for row in rows),
            "title": title,
            "what": what,
            "unit": unit,
            "action": action,
            "decimals": decimals,
        },
        on_chosen_change=on_chosen,
    )
