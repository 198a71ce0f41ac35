"""How every plotly figure looks: one palette a theme, the type, the grid.

The colours are those of `.streamlit/config.toml`; a test holds the two together.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

Theme = Literal["light", "dark"]
FONT = '"Source Sans", sans-serif'
MONO = '"Source Code", monospace'

# What `st.plotly_chart` is handed beside a figure: its camera, always in sight, saves a picture
# without a loss.
CONFIG = {
    "displaylogo": False,
    "displayModeBar": True,
    "toImageButtonOptions": {"format": "svg"},
}


@dataclass(frozen=True)
class Palette:
    """Name the colours of one theme by what they stand for."""

    background: str
    panel: str
    ink: str
    muted: str
    hairline: str
    accent: str
    query: str
    key: str
    value: str
    attention: str
    negative: str
    positive: str


PALETTES: dict[Theme, Palette] = {
    "light": Palette(
        background="#FCFBF8",
        panel="#F3F1EB",
        ink="#1B1D23",
        muted="#5A5F6B",
        hairline="#D9D5CA",
        accent="#9B1F63",
        query="#0B66B0",
        key="#B4410B",
        value="#0A7A55",
        attention="#6D3FC0",
        negative="#3B4A6B",
        positive="#8A5A00",
    ),
    "dark": Palette(
        background="#14161B",
        panel="#1D2027",
        ink="#ECEAE4",
        muted="#A6ABB8",
        hairline="#343945",
        accent="#F08BBF",
        query="#6CB6FF",
        key="#FF9D66",
        value="#4FD1A0",
        attention="#B794F6",
        negative="#9DB2E0",
        positive="#E0B354",
    ),
}


def styled(figure: go.Figure, theme: Theme, *, height: int, title: str = "") -> go.Figure:
    """Give a figure the project's type, colours, quiet grid and tight margins; return it.

    Args:
        figure: Changed in place.
        theme: Whose palette it gets.
        height: In pixels; the width is the page's.
        title: For the saved picture; the page says it in words of its own.
    """
    figure.update_layout(layout_style(theme, height=height, title=title))
    axis = axis_style(theme)
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure


def layout_style(theme: Theme, *, height: int, title: str = "") -> dict[str, Any]:
    """Return what `styled` sets but for the axes, for a layout that is written in one go.

    Plotly checks every update of a figure for some milliseconds; one dictionary is checked once.
    """
    palette = PALETTES[theme]
    layout = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 56 if title else 32, "b": 8},
        "paper_bgcolor": palette.background,
        "plot_bgcolor": palette.background,
        "font": {"family": FONT, "size": 13, "color": palette.ink},
        "hoverlabel": {
            "bgcolor": palette.panel,
            "bordercolor": palette.hairline,
            "font": {"family": MONO, "color": palette.ink},
        },
        "legend": {"orientation": "h", "y": -0.18, "font": {"color": palette.ink}},
        "modebar": {
            "bgcolor": "rgba(0,0,0,0)",
            "color": palette.muted,
            "activecolor": palette.accent,
        },
        "dragmode": False,
    }
    return layout | ({"title": {"text": title, "font": {"size": 14}}} if title else {})


def axis_style(theme: Theme, title: str = "") -> dict[str, Any]:
    """Return what `styled` sets of each axis."""
    palette = PALETTES[theme]
    font = {"color": palette.muted, "size": 13}
    return {
        "gridcolor": palette.hairline,
        "zerolinecolor": palette.muted,
        "linecolor": palette.hairline,
        "tickfont": {"family": MONO, "size": 12, "color": palette.muted},
        "title": {"font": font} | ({"text": title} if title else {}),
        "automargin": True,
    }


def legend_below(figure: go.Figure) -> go.Figure:
    """Put the legend under the picture, out of the way of the buttons above it; return it."""
    place = {"yref": "container", "yanchor": "bottom", "y": 0, "x": 0}
    legend = {"orientation": "h", "itemsizing": "constant", **place}
    return figure.update_layout(legend=legend, showlegend=True)


def direction_title(shares: NDArray[np.floating], direction: int, *, is_short: bool = False) -> str:
    """Name a principal direction with its share of the variance."""
    share = float(shares[direction]) if direction < len(shares) else 0.0
    return f"direction {direction + 1}: {100 * share:.1f} %" + (
        "" if is_short else " of the variance"
    )
