"""What a LayerNorm does to one token's numbers: their distribution on the way, and their spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from model.trace import Array
from pages.figures.style import PALETTES, Theme, axis_style, layout_style

N_BIN = 48
# Between two rows, as a share of the height.
_GAP = 0.14


@dataclass(frozen=True, eq=False)
class Row:
    """Hold one token's numbers at one point of the way.

    Args:
        name: Of the point: "x, as it came in".
        numbers: `(d_model,)`.
    """

    name: str
    numbers: Array


def distributions(rows: Sequence[Row], theme: Theme, *, dim: int, is_one_scale: bool) -> go.Figure:
    """Draw a histogram for each row, one below the other, with μ, μ ± σ and the chosen dimension.

    Args:
        rows: The same token's numbers at points of the way.
        theme: Whose palette.
        dim: The dimension whose number is marked in each.
        is_one_scale: Whether all share one axis, so that widths can be compared.
    """
    layout = layout_style(theme, height=150 * len(rows) + 60)
    # Room for the buttons above the first row's title, and for what stands beside the axes: plotly
    # would draw all rows again to find out how much that needs.
    layout |= {"showlegend": False, "bargap": 0, "margin": {"l": 56, "r": 8, "t": 60, "b": 28}}
    traces, titles, shapes = [], [], []
    for index, row in enumerate(rows):
        axes = Axes.of(index)
        low, high = _place(index, len(rows))
        place = {"anchor": axes.y, "automargin": False}
        shared = {"matches": "x"} if is_one_scale and index else {}
        layout[f"xaxis{axes.number}"] = axis_style(theme) | place | shared
        place = {"anchor": axes.x, "automargin": False, "domain": [low, high]}
        counted = {"rangemode": "tozero", "nticks": 4}
        layout[f"yaxis{axes.number}"] = axis_style(theme, "how many") | place | counted
        traces += [_histogram(row, axes, theme), _mark(row, dim, axes, theme)]
        shapes += _mean_and_std(row, axes, theme)
        titles.append(_title(row.name, high, theme))
    return go.Figure(traces, layout | {"annotations": titles, "shapes": shapes})


class Axes(NamedTuple):
    """Name a row's axes as plotly does: "x", "x2", "x3", ….

    Args:
        number: What the names end in.
        x: For its traces.
        y: Likewise.
    """

    number: str
    x: str
    y: str

    @classmethod
    def of(cls, index: int) -> "Axes":
        """Return those of the row `index`, from 0."""
        number = str(index + 1) if index else ""
        return cls(number, f"x{number}", f"y{number}")


def _place(index: int, n_row: int) -> tuple[float, float]:
    """Return the lower and the upper end of a row, as shares of the height."""
    height = (1 - _GAP * (n_row - 1)) / n_row
    high = 1 - index * (height + _GAP)
    return max(0.0, high - height), high


def _title(name: str, high: float, theme: Theme) -> dict[str, Any]:
    return {
        "text": name,
        "font": {"size": 13, "color": PALETTES[theme].ink},
        "showarrow": False,
        "x": 0.5,
        "xanchor": "center",
        "xref": "paper",
        "y": high,
        "yanchor": "bottom",
        "yref": "paper",
    }


def _histogram(row: Row, axes: Axes, theme: Theme) -> dict[str, Any]:
    edges = bins(row.numbers)
    counts, _ = np.histogram(row.numbers, edges)
    return {
        "type": "bar",
        "xaxis": axes.x,
        "yaxis": axes.y,
        "x": (edges[:-1] + edges[1:]) / 2,
        "y": counts,
        "width": np.diff(edges),
        "name": row.name,
        "marker": {"color": PALETTES[theme].muted, "line": {"width": 0}},
        "opacity": 0.75,
        "customdata": np.stack([edges[:-1], edges[1:]], axis=1),
        "hovertemplate": "%{customdata[0]:.3f} … %{customdata[1]:.3f}: %{y}<extra></extra>",
    }


def bins(numbers: Array, n_bin: int = N_BIN) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return edges of equal bins around all of `numbers`, also where all are the same."""
    low, high = float(numbers.min()), float(numbers.max())
    margin = 0.5 * max(abs(low), 1e-6) if low == high else 0.0
    return np.linspace(low - margin, high + margin, n_bin + 1)


def _mean_and_std(row: Row, axes: Axes, theme: Theme) -> list[dict[str, Any]]:
    palette = PALETTES[theme]
    numbers = row.numbers.astype(np.float64)
    mean, std = float(numbers.mean()), float(numbers.std())
    place = {"xref": axes.x, "yref": f"{axes.y} domain", "y0": 0, "y1": 1}
    band = {"x0": mean - std, "x1": mean + std, "fillcolor": palette.positive, "opacity": 0.18}
    line = {"x0": mean, "x1": mean, "line": {"color": palette.ink, "width": 1.5}}
    return [
        place | band | {"type": "rect", "line": {"width": 0}, "layer": "below"},
        place | line | {"type": "line"},
    ]


def _mark(row: Row, dim: int, axes: Axes, theme: Theme) -> dict[str, Any]:
    palette = PALETTES[theme]
    return {
        "type": "scatter",
        "xaxis": axes.x,
        "yaxis": axes.y,
        "x": [float(row.numbers[dim])],
        "y": [0],
        "mode": "markers",
        "cliponaxis": False,
        "marker": {
            "symbol": "triangle-up",
            "size": 13,
            "color": palette.accent,
            "line": {"color": palette.background, "width": 1},
        },
        "hovertemplate": f"dimension {dim}: %{{x:.4f}}<extra></extra>",
        "name": f"dimension {dim}",
    }


def spreads(names: Sequence[str], stds: Array, chosen: int, theme: Theme) -> go.Figure:
    """Draw, for each norm in the order in which it runs, what it divided this token by.

    Args:
        names: Of the norms.
        stds: √(σ² + ε) of each.
        chosen: Which one the page shows.
        theme: Whose palette.
    """
    palette = PALETTES[theme]
    colors = [palette.accent if i == chosen else palette.muted for i in range(len(names))]
    bars = {
        "type": "bar",
        "x": list(names),
        "y": stds,
        "marker": {"color": colors, "line": {"width": 0}},
        # A click chooses the norm; the colours say which it is, not how bright a bar is.
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
        "hovertemplate": "%{x}: ÷ %{y:.4f}<br>click: by hand<extra></extra>",
    }
    layout = layout_style(theme, height=260)
    # Slanted names of 12 pixels need so much; plotly would draw twice to find out.
    below = 20 + ceil(5.2 * max(map(len, names)))
    layout["margin"] = {"l": 60, "r": 8, "t": 32, "b": below}
    layout["xaxis"] = axis_style(theme) | {"tickangle": -45, "automargin": False}
    scale = {"rangemode": "tozero", "automargin": False}
    layout["yaxis"] = axis_style(theme, "√(σ² + ε)") | scale
    return go.Figure([bars], layout)
