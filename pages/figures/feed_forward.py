"""A figure of the feed-forward layers: where a token's neurons lie before the curve, by block."""

from collections.abc import Sequence

import plotly.graph_objects as go

from model.trace import Array
from pages.figures.style import PALETTES, Theme, styled


def numbers_figure(pre: Sequence[Array], *, chosen: int, theme: Theme) -> go.Figure:
    """Draw the numbers before the curve of each block as a box with its outliers.

    Args:
        pre: `(d_mlp,)` for each block.
        chosen: The block that stands out, from 0.
        theme: Light or dark.
    """
    palette, figure = PALETTES[theme], go.Figure()
    for number, values in enumerate(pre):
        figure.add_box(
            y=values,
            name=f"block {number + 1}",
            marker={"color": palette.accent if number == chosen else palette.muted, "size": 3},
            line={"width": 1.5},
            showlegend=False,
        )
    figure.update_yaxes(title_text="before the curve")
    figure.update_xaxes(title_text="middle line: median; box: half of all neurons; dots: outliers")
    return styled(figure, theme, height=420, title="One token's neurons, block by block")
