"""The histograms count every number once, and mark the mean, the spread and the dimension."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from pages.figures.layer_norm import Row, bins, distributions, spreads


def parts(figure: go.Figure) -> Any:
    """Return the figure for reading; plotly's own types know none of its attributes."""
    return figure


ROWS = [
    Row("in", np.random.default_rng(0).normal(3, 7, 96).astype(np.float32)),
    Row("out", np.random.default_rng(1).normal(0, 1, 96).astype(np.float32)),
]


@pytest.mark.parametrize("is_one_scale", [True, False])
def test_every_number_is_counted_once(is_one_scale):
    figure = parts(distributions(ROWS, "light", dim=5, is_one_scale=is_one_scale))
    assert [bar.y.sum() for bar in figure.data if bar.type == "bar"] == [96, 96]


def test_mean_spread_and_dimension_are_where_they_are():
    figure = parts(distributions(ROWS, "dark", dim=5, is_one_scale=False))
    marks = [trace.x[0] for trace in figure.data if trace.type == "scatter"]
    assert marks == [float(row.numbers[5]) for row in ROWS]
    line = next(shape for shape in figure.layout.shapes if shape.type == "line")
    band = next(shape for shape in figure.layout.shapes if shape.type == "rect")
    numbers = ROWS[0].numbers.astype(np.float64)
    assert line.x0 == pytest.approx(numbers.mean())
    assert (band.x0 + band.x1) / 2 == pytest.approx(numbers.mean())
    assert (band.x1 - band.x0) / 2 == pytest.approx(numbers.std())


def test_numbers_that_are_all_the_same_have_bins():
    assert np.histogram(np.zeros(8), bins(np.zeros(8, np.float32)))[0].sum() == 8
    assert np.histogram(np.full(8, -2.5), bins(np.full(8, -2.5, np.float32)))[0].sum() == 8


def test_the_chosen_norm_alone_is_lit():
    figure = parts(spreads(["a", "b", "c"], np.array([1, 2, 3], np.float32), 1, "light"))
    colors = figure.data[0].marker.color
    assert colors[0] == colors[2] != colors[1]
    assert figure.layout.yaxis.title.text == "√(σ² + ε)"
