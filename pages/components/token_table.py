"""A small table of words and token pieces; drawn by `assets/components/token_table/`."""

from collections.abc import Sequence

from pages.components.element import element

Cell = str | Sequence[tuple[str, int]]


def token_table(
    *, key: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    """Draw a table.

    Args:
        key: Names the element.
        title: For screen readers, and on the saved picture.
        columns: Their headings.
        rows: A cell is a text, or pieces: each its label and the number of its tint.
    """
    drawn = [
        [cell if isinstance(cell, str) else [list(piece) for piece in cell] for cell in row]
        for row in rows
    ]
    element("token_table", "saving")(
        key=key, data={"title": title, "columns": list(columns), "rows": drawn}
    )
