"""Any matrix as a picture on canvas, one cell a number; drawn by `assets/components/matrix/`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.trace import Array
from pages.components.element import element, ignore

# Up to so many cells every number travels as it is (4 bytes); above, one byte and "about".
EXACT_CELLS = 70_000
# Colours reach their ends here: a few numbers far out would make all others look like zero.
_FULL_COLOR_SHARE = 0.995


@dataclass(frozen=True)
class Axis:
    """Name one axis of a matrix.

    Args:
        word: What one of its places is called, before its number: "position", "dimension".
        names: A text for each place instead, as on the screen.
        ids: A number for each place instead of counting from 0.
    """

    word: str
    names: Sequence[str] | None = None
    ids: Sequence[int] | None = None


def matrix(
    *,
    key: str,
    title: str,
    values: Array,
    rows: Axis,
    columns: Axis,
    is_signed: bool = True,
    is_learned: bool = False,
    is_square: bool = False,
    limit: float | None = None,
    row_height: float = 2,
    most_cell: float | None = None,
    decimals: int = 3,
    lit_rows: tuple[int, int] | None = None,
    selected: tuple[int, int] | None = None,
    hint: str = "",
    on_cell_change: Callable[[], None] | None = None,
) -> None:
    """Draw a matrix; the element's state "cell" is the chosen `[row, column]`.

    Args:
        key: Names the element and its state.
        title: For screen readers and on the saved picture.
        values: `(rows, columns)`.
        rows: How its rows are called.
        columns: How its columns are called.
        is_signed: Colours run from −limit to limit, zero in the middle; else from 0 to limit.
        is_learned: Draw the double frame of learned weights.
        is_square: Make cells as high as they are wide.
        limit: Where the colours end; worked out from the numbers if none.
        row_height: Of a row in pixels, unless `is_square`.
        most_cell: A cell is at most so many pixels wide.
        decimals: Of the numbers that are read out.
        lit_rows: First row and the one after the last of a range that is marked at the side.
        selected: The chosen cell.
        hint: What is said while nothing is pointed at.
        on_cell_change: Called after a click or Enter on a cell; none can be chosen without it.
    """
    end = color_limit(values) if limit is None else limit
    is_exact = values.size <= EXACT_CELLS
    element("matrix", "canvas", "numbers", "tip")(
        key=key,
        data={
            "title": title,
            "pixels": color_steps(values, end, is_signed=is_signed).ravel(),
            "values": np.ascontiguousarray(values).ravel() if is_exact else None,
            "rows": values.shape[0],
            "columns": values.shape[1],
            "row_word": rows.word,
            "row_names": None if rows.names is None else list(rows.names),
            "row_ids": None if rows.ids is None else list(rows.ids),
            "column_word": columns.word,
            "column_names": None if columns.names is None else list(columns.names),
            "is_signed": is_signed,
            "is_learned": is_learned,
            "is_square": is_square,
            "limit": end,
            "scale": scale_texts(values, end, decimals, is_signed=is_signed),
            "row_height": row_height,
            "most_cell": most_cell,
            "decimals": decimals,
            "lit_rows": None if lit_rows is None else list(lit_rows),
            "selected": None if selected is None else list(selected),
            "hint": hint,
            "can_choose": on_cell_change is not None,
        },
        on_cell_change=on_cell_change or ignore,
    )


def color_limit(values: Array) -> float:
    """Return the size below which 99.5 % of the numbers lie; 1 where all are zero."""
    sizes = np.abs(values)
    return float(np.quantile(sizes, _FULL_COLOR_SHARE)) or float(sizes.max()) or 1.0


def color_steps(values: Array, limit: float, *, is_signed: bool) -> NDArray[np.uint8]:
    """Map numbers to 0 … 254: signed −limit … limit with zero at 127, else 0 … limit."""
    shares = np.clip(values / limit, -1 if is_signed else 0, 1)
    return np.rint((shares + 1) * 127 if is_signed else shares * 254).astype(np.uint8)


def scale_texts(
    values: Array, limit: float, decimals: int, *, is_signed: bool
) -> tuple[str, str, str]:
    """Write the ends and the middle of the legend; "≤" and "≥" where numbers go past the ends."""
    low = -limit if is_signed else 0.0
    is_past = bool(values.max() > limit), bool(values.min() < low)
    texts = [f"{value:.{decimals}f}".replace("-", "−") for value in (low, (low + limit) / 2, limit)]
    return (
        f"≤ {texts[0]}" if is_past[1] else texts[0],
        "0" if is_signed else texts[1],
        f"≥ {texts[2]}" if is_past[0] else texts[2],
    )
