"""Numbers of a page as a file: rows of cells in CSV (RFC 4180), which spreadsheets open."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import streamlit as st

Rows = Iterable[Sequence[object]]
# With these a spreadsheet takes a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(names: Sequence[str], rows: Rows) -> str:
    """Write the names of the columns and the rows; none is an empty cell.

    A text that a spreadsheet would run as a formula gets an apostrophe in front. A float32 has as
    many digits as tell it from every other.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, np.generic) and value.dtype == np.float32:
        return f"{value:.9g}"
    is_formula = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if is_formula else value


def csv_file(text: str) -> bytes:
    """Return a table as a file: with a byte-order mark, by which spreadsheets know UTF-8."""
    return text.encode("utf-8-sig")


def save_numbers(label: str, names: Sequence[str], rows: Callable[[], Rows], *, name: str) -> None:
    """Draw a button that saves a table.

    Args:
        label: What the button says.
        names: Of the columns.
        rows: Called when the button is pressed.
        name: Of the file, without its ending.
    """
    save_table(label, lambda: csv_text(names, rows()), name=name)


def save_table(label: str, table: Callable[[], str], *, name: str) -> None:
    """Draw a button that saves a table that is written already.

    Args:
        label: What the button says.
        table: Returns it, as `csv_text` does; called when the button is pressed.
        name: Of the file, without its ending.
    """
    st.download_button(
        label,
        lambda: csv_file(table()),
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
    )
