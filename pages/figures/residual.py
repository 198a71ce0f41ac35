"""Figures of the residual stream: how long each vector is, how early the answer stands on top."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from pages.figures.style import PALETTES, Theme, styled


def stage_labels(n_layer: int) -> list[str]:
    """Name the stages between which something is added: two a block, counted from 1."""
    parts = ("attention", "feed-forward")
    return ["input", *(f"{number} {part}" for number in range(1, n_layer + 1) for part in parts)]


def lengths_figure(
    lengths: NDArray[np.floating], labels: Sequence[str], *, chosen: int, theme: Theme
) -> go.Figure:
    """Draw the length of every token's vector after each addition, the chosen token's in front.

    Args:
        lengths: `(2 · n_layer + 1, T)`.
        labels: One for each token.
        chosen: Position of the token that stands out.
        theme: Light or dark.
    """
    stages = stage_labels(len(lengths) // 2)
    figure = _lines(stages, lengths, labels, chosen, theme)
    # 1, 2 and 5 times a power of ten: all nine lie on each other.
    figure.update_yaxes(type="log", dtick="D2", title_text="length of the vector")
    figure.update_xaxes(title_text="after which addition", tickangle=-45)
    return _placed(styled(figure, theme, height=460, title="Length of the residual stream"))


def ranks_figure(
    ranks: NDArray[np.integer], labels: Sequence[str], *, chosen: int, theme: Theme
) -> go.Figure:
    """Draw the rank of each token's final choice after each block, the best on top.

    Args:
        ranks: `(n_layer + 1, n)`, from 1.
        labels: One for each column.
        chosen: The column that stands out.
        theme: Light or dark.
    """
    stages = ["embedding", *(f"block {number}" for number in range(1, len(ranks)))]
    figure = _lines(stages, ranks, labels, chosen, theme)
    figure.update_yaxes(type="log", autorange="reversed", title_text="rank of the final choice")
    figure.update_xaxes(title_text="read after")
    return _placed(styled(figure, theme, height=420, title="How early the final choice is on top"))


def _placed(figure: go.Figure) -> go.Figure:
    """Put the legend above the plot, where no slanted label reaches; leave these room."""
    return figure.update_layout(
        legend={"y": 1.0, "yanchor": "bottom", "x": 1.0, "xanchor": "right"},
        margin={"l": 48, "t": 56},
    )


def _lines(
    stages: list[str],
    values: NDArray[np.number],
    labels: Sequence[str],
    chosen: int,
    theme: Theme,
) -> go.Figure:
    """Draw one line a column; the chosen one last, so that it lies on top."""
    palette, figure = PALETTES[theme], go.Figure()
    columns = [column for column in range(values.shape[1]) if column != chosen] + [chosen]
    for column in columns:
        is_chosen = column == chosen
        figure.add_scatter(
            x=stages,
            y=values[:, column],
            name=f"{_escaped(labels[column])} ({column})",
            mode="lines+markers" if is_chosen else "lines",
            line={
                "color": palette.query if is_chosen else palette.muted,
                "width": 3 if is_chosen else 1,
            },
            opacity=1 if is_chosen else 0.45,
            showlegend=is_chosen,
            hovertemplate="%{x}: %{y:,.4~g}<extra>%{fullData.name}</extra>",
        )
    return figure


def _escaped(label: str) -> str:
    """Keep plotly from reading a token as markup."""
    return label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
