"""What the vectors element is handed: every row, or as many around the chosen one as fit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.components.vectors import MAX_NUMBERS, row_window, strongest, vector_rows


@given(st.integers(1, 2000), st.integers(1, 6400), st.data())
def test_the_chosen_row_travels_within_one_message(n_row, n_column, data):
    row = data.draw(st.integers(0, n_row - 1))
    first, end = row_window(n_row, n_column, row)
    assert 0 <= first <= row < end <= n_row
    assert (end - first) * n_column <= MAX_NUMBERS
    assert (first, end) == (0, n_row) or (end - first + 1) * n_column > MAX_NUMBERS


def test_the_scale_ends_at_the_largest_size_and_never_at_zero():
    assert strongest(np.array([[0.25, -0.75]], np.float32)) == 0.75
    assert strongest(np.zeros((2, 3), np.float32)) == 1.0


def test_labels_that_do_not_fit_the_rows_are_refused():
    with pytest.raises(ValueError, match="1 labels do not fit 2 rows"):
        vector_rows(
            key="v", labels=["a"], values=np.zeros((2, 3), np.float32), on_cell_change=lambda: None
        )
