"""What training made of the position rows: their lengths, and the few directions they lie along."""

from functools import lru_cache

import plotly.graph_objects as go

from model.neighbours import Projection
from model.positions import PositionFacts
from pages.figures.style import PALETTES, Theme, direction_title, legend_below, styled

_DASHES = ("solid", "dash", "dot")


@lru_cache(maxsize=16)
def row_lengths(facts: PositionFacts, n_read: int, theme: Theme) -> go.Figure:
    """Draw each position row's length, beside that of a fresh row.

    Args:
        facts: Measured on the table. The same ones give the same figure, which nobody may change.
        n_read: How many of the rows the prompt uses; they are shaded.
        theme: Whose palette it gets.
    """
    palette, n = PALETTES[theme], len(facts.lengths)
    figure = go.Figure()
    figure.add_scatter(
        x=list(range(n)),
        y=facts.lengths,
        mode="lines" if n > 1 else "markers",
        name="row's length",
        line={"color": palette.ink, "width": 2},
        hovertemplate="position %{x}: %{y:.3f}<extra></extra>",
    )
    figure.add_scatter(
        x=[0, n - 1],
        y=[facts.fresh_length, facts.fresh_length],
        mode="lines",
        name="a fresh row's, before training",
        line={"color": palette.muted, "width": 2, "dash": "dash"},
        hovertemplate="%{y:.3f}<extra></extra>",
    )
    _shade(figure, n_read, palette.panel)
    _finish(figure, theme)
    figure.update_yaxes(title_text="length, √(sum of squares)", rangemode="tozero")
    return figure


@lru_cache(maxsize=16)
def position_curves(projection: Projection, n_read: int, theme: Theme) -> go.Figure:
    """Draw where each position lies along the first three principal directions.

    Args:
        projection: Of all position rows, in three directions.
        n_read: How many of the rows the prompt uses; they are shaded.
        theme: Whose palette it gets.
    """
    palette, n = PALETTES[theme], len(projection.points)
    figure = go.Figure()
    colors = (palette.attention, palette.query, palette.key)
    for direction, (color, dash) in enumerate(zip(colors, _DASHES, strict=True)):
        figure.add_scatter(
            x=list(range(n)),
            y=projection.points[:, direction],
            mode="lines" if n > 1 else "markers",
            name=direction_title(projection.shares, direction),
            line={"color": color, "width": 2, "dash": dash},
            hovertemplate="position %{x}: %{y:.3f}<extra></extra>",
        )
    _shade(figure, n_read, palette.panel)
    _finish(figure, theme)
    figure.update_yaxes(title_text="place along the direction")
    return figure


def _finish(figure: go.Figure, theme: Theme) -> None:
    styled(figure, theme, height=360)
    figure.update_xaxes(title_text="position")
    legend_below(figure)


def _shade(figure: go.Figure, n_read: int, color: str) -> None:
    figure.add_shape(
        type="rect",
        xref="x",
        yref="paper",
        x0=-0.5,
        x1=n_read - 0.5,
        y0=0,
        y1=1,
        fillcolor=color,
        line_width=0,
        layer="below",
    )
