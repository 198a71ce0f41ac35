"""A small matrix of signed numbers as coloured cells; drawn by `assets/components/vectors/`.

One row a token (or head, or neuron), one column a dimension. Hands the browser a flat typed array,
and of a matrix too large for one message only the rows around the chosen one.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from model.trace import Array
from pages.components.element import element

VectorRole = Literal["computed", "weights", "query", "key", "value", "attention"]
# Numbers that travel at most: 1.4 MB at four bytes each, so that one message stays below 2 MB.
MAX_NUMBERS = 350_000


class RowWindow(NamedTuple):
    """Say which rows travel: those from `first` up to, not including, `end`."""

    first: int
    end: int


def vector_rows(
    *,
    key: str,
    labels: Sequence[str],
    values: Array,
    row: int | None = None,
    column: int | None = None,
    role: VectorRole = "computed",
    scale: float | None = None,
    title: str = "Vectors",
    on_cell_change: Callable[[], None],
) -> None:
    """Draw vectors one below the other, each number a coloured cell.

    The element's state "cell" is the chosen `[row, column]`, both from 0.

    Args:
        key: Names the element and its state.
        labels: One text a row, as `piece_label` writes it.
        values: `(n, d)`.
        row: The chosen row; without `column` the whole row is marked.
        column: The chosen dimension; without `row` the whole column is marked.
        role: Gives the colours and the frame: "weights" are learned and stand in a double one.
        scale: The number at the strong end of the colours; the largest |value| where none is given.
            Give two pictures one scale and their colours can be compared.
        title: Stands on the saved picture and in the text for screen readers.
        on_cell_change: Called after a click or Enter on a cell.

    Raises:
        ValueError: `labels` and `values` differ in length.
    """
    n_row, n_column = values.shape
    if len(labels) != n_row:
        raise ValueError(f"{len(labels)} labels do not fit {n_row} rows of values")
    sent = row_window(n_row, n_column, 0 if row is None else row)
    element("vectors", "canvas", "numbers", "tip")(
        key=key,
        data={
            "labels": list(labels),
            "values": np.ascontiguousarray(values[sent.first : sent.end], np.float32).ravel(),
            "n_column": n_column,
            "first_row": sent.first,
            "row": row,
            "column": column,
            "role": role,
            "limit": strongest(values) if scale is None else float(scale),
            "is_signed": bool((values < 0).any()) or role == "computed" or role == "weights",
            "title": title,
        },
        on_cell_change=on_cell_change,
    )


def row_window(n_row: int, n_column: int, row: int) -> RowWindow:
    """Return the rows around `row` that fit one message; all of them in most cases."""
    count = min(n_row, max(1, MAX_NUMBERS // max(n_column, 1)))
    first = min(max(row - count // 2, 0), n_row - count)
    return RowWindow(first, first + count)


def strongest(values: Array) -> float:
    """Return the largest |value|, or 1 where all are zero: the end of a colour scale."""
    return float(np.abs(values).max(initial=0.0)) or 1.0
