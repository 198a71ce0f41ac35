"""Pictures of token rows that a reader turns and zooms: projections in two and three dimensions."""

from collections.abc import Sequence
from functools import lru_cache
from html import escape

import plotly.graph_objects as go

from model.neighbours import Projection
from pages.figures.style import (
    MONO,
    PALETTES,
    Palette,
    Theme,
    direction_title,
    legend_below,
    styled,
)

_SYMBOLS_2D = ("circle", "diamond", "square", "triangle-up", "cross", "star", "hexagon", "x")
_SYMBOLS_3D = ("circle", "diamond", "square", "cross", "circle-open", "diamond-open", "square-open")


@lru_cache(maxsize=16)
def projection_plane(
    projection: Projection, labels: tuple[str, ...], kinds: tuple[str, ...], theme: Theme
) -> go.Figure:
    """Draw rows along their first two principal directions, coloured and shaped by kind.

    The same projection gives the same figure, which nobody may change.

    Args:
        projection: Points `(n, 2)` or more.
        labels: Of the n rows; shown as they are, never read as markup.
        kinds: Of the n rows; equal names share a colour and a shape.
        theme: Whose palette it gets.
    """
    figure = go.Figure()
    for number, (kind, chosen) in enumerate(_by_kind(kinds).items()):
        figure.add_scatter(
            x=projection.points[chosen, 0],
            y=projection.points[chosen, 1],
            mode="markers+text",
            name=escape(kind),
            text=[escape(labels[row]) for row in chosen],
            textposition="top center",
            textfont={"size": 11, "family": MONO},
            marker={
                "size": 8,
                "symbol": _SYMBOLS_2D[number % len(_SYMBOLS_2D)],
                "color": _color(PALETTES[theme], number),
            },
            hovertemplate="%{text}<br>%{x:.3f}, %{y:.3f}",
        )
    styled(figure, theme, height=600)
    figure.update_xaxes(title_text=direction_title(projection.shares, 0))
    # One unit is as long upwards as sideways: otherwise distances would lie.
    figure.update_yaxes(title_text=direction_title(projection.shares, 1), scaleanchor="x")
    return legend_below(figure)


@lru_cache(maxsize=16)
def projection_space(
    projection: Projection, labels: tuple[str, ...], kinds: tuple[str, ...], theme: Theme
) -> go.Figure:
    """Draw rows along their first three principal directions; arguments as `projection_plane`."""
    figure = go.Figure()
    for number, (kind, chosen) in enumerate(_by_kind(kinds).items()):
        x, y, z = (projection.points[chosen, direction] for direction in range(3))
        figure.add_scatter3d(
            x=x,
            y=y,
            z=z,
            mode="markers+text",
            name=escape(kind),
            text=[escape(labels[row]) for row in chosen],
            textfont={"size": 11, "family": MONO},
            marker={
                "size": 4,
                "symbol": _SYMBOLS_3D[number % len(_SYMBOLS_3D)],
                "color": _color(PALETTES[theme], number),
            },
            hovertemplate="%{text}<br>%{x:.3f}, %{y:.3f}, %{z:.3f}",
        )
    styled(figure, theme, height=640)
    palette = PALETTES[theme]
    axes = {
        f"{name}axis": {
            "title": {"text": direction_title(projection.shares, direction, is_short=True)},
            "backgroundcolor": palette.background,
            "gridcolor": palette.hairline,
            "color": palette.muted,
        }
        for direction, name in enumerate("xyz")
    }
    # Turning is what three dimensions are for.
    figure.update_layout(scene={"aspectmode": "data", "dragmode": "orbit", **axes})
    return legend_below(figure)


def _color(palette: Palette, number: int) -> str:
    """Return the colour of one kind; its symbol tells it apart where colours come again."""
    colors = (
        palette.attention,
        palette.query,
        palette.key,
        palette.value,
        palette.positive,
        palette.negative,
        palette.accent,
    )
    return colors[number % len(colors)]


def _by_kind(kinds: Sequence[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, kind in enumerate(kinds):
        found.setdefault(kind, []).append(row)
    return found
