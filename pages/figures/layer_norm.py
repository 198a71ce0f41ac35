"""What a LayerNorm does to one token's numbers: their distribution on the way, and their spread."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from model.trace import Array
from pages.figures.style import PALETTES, Theme, styled

N_BIN = 48


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
    palette = PALETTES[theme]
    figure = make_subplots(
        rows=len(rows),
        cols=1,
        shared_xaxes=is_one_scale,
        vertical_spacing=0.14,
        subplot_titles=[row.name for row in rows],
    )
    for line, row in enumerate(rows, start=1):
        edges = bins(row.numbers)
        counts, _ = np.histogram(row.numbers, edges)
        figure.add_bar(
            row=line,
            col=1,
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=np.diff(edges),
            name=row.name,
            marker={"color": palette.muted, "line": {"width": 0}},
            opacity=0.75,
            customdata=np.stack([edges[:-1], edges[1:]], axis=1),
            hovertemplate="%{customdata[0]:.3f} … %{customdata[1]:.3f}: %{y}<extra></extra>",
        )
        _mark(figure, line, row, dim, theme)
        if is_one_scale and line < len(rows):
            figure.update_xaxes(row=line, col=1, showticklabels=True)
    figure.update_yaxes(title_text="how many", rangemode="tozero", nticks=4)
    figure.update_layout(showlegend=False, bargap=0)
    styled(figure, theme, height=150 * len(rows) + 60)
    # Room for the buttons above the first row's title.
    figure.update_layout(margin_t=60)
    figure.update_annotations(font={"size": 13, "color": palette.ink}, selector={"yref": "paper"})
    return figure


def bins(numbers: Array, n_bin: int = N_BIN) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return edges of equal bins around all of `numbers`, also where all are the same."""
    low, high = float(numbers.min()), float(numbers.max())
    margin = 0.5 * max(abs(low), 1e-6) if low == high else 0.0
    return np.linspace(low - margin, high + margin, n_bin + 1)


def _mark(figure: go.Figure, line: int, row: Row, dim: int, theme: Theme) -> None:
    palette = PALETTES[theme]
    numbers = row.numbers.astype(np.float64)
    mean, std = float(numbers.mean()), float(numbers.std())
    number = "" if line == 1 else str(line)  # as plotly counts its axes
    axes = {"xref": f"x{number}", "yref": f"y{number} domain", "y0": 0, "y1": 1}
    figure.add_shape(
        type="rect",
        x0=mean - std,
        x1=mean + std,
        fillcolor=palette.positive,
        opacity=0.18,
        line={"width": 0},
        layer="below",
        **axes,
    )
    figure.add_shape(
        type="line", x0=mean, x1=mean, line={"color": palette.ink, "width": 1.5}, **axes
    )
    figure.add_scatter(
        row=line,
        col=1,
        x=[numbers[dim]],
        y=[0],
        mode="markers",
        cliponaxis=False,
        marker={
            "symbol": "triangle-up",
            "size": 13,
            "color": palette.accent,
            "line": {"color": palette.background, "width": 1},
        },
        hovertemplate=f"dimension {dim}: %{{x:.4f}}<extra></extra>",
        name=f"dimension {dim}",
    )


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
    figure = go.Figure(
        go.Bar(
            x=list(names),
            y=stds,
            marker={"color": colors, "line": {"width": 0}},
            # A click chooses the norm; the colours say which it is, not how bright a bar is.
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            hovertemplate="%{x}: ÷ %{y:.4f}<br>click: by hand<extra></extra>",
        )
    )
    figure.update_yaxes(title_text="√(σ² + ε)", rangemode="tozero")
    figure.update_xaxes(tickangle=-45)
    return styled(figure, theme, height=260)
