"""Attention in steps for one head, on its own numbers.

Drawn by `assets/components/attention_steps/`. Chooses what travels: of a long text only the window
of cells around the chosen one, and of the values only the heaviest.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from model.trace import Array, BlockTrace
from pages.components.element import element

WINDOW = 64
TOP_VALUES = 10


class WeightedValues(NamedTuple):
    """Hold one query's values times their weights: the heaviest apart, the others as one sum.

    Args:
        positions: Of the heaviest keys, heaviest first.
        parts: `(len(positions), d_head)`.
        rest: `(d_head,)`, the sum over all other keys.
        rest_weight: Their weights' sum.
        n_rest: How many of them have any weight.
    """

    positions: list[int]
    parts: Array
    rest: Array
    rest_weight: float
    n_rest: int


def attention_steps(
    *,
    key: str,
    labels: Sequence[str],
    block: BlockTrace,
    head: int,
    query: int,
    token: int,
    projection: Array,
    is_masked: bool,
    title: str,
    on_cell_change: Callable[[], None],
    on_number_change: Callable[[], None],
) -> None:
    """Draw q · k, the division, the mask, softmax, weights × v, joining and projecting.

    The element's state "cell" is the cell that was clicked, `[query, key, is_score]`: both
    positions from 0, and 1 where the map clicked is one of the scores. "number" is a number clicked
    in a strip, `[kind, head, dim]` with kind "q", "k", "score", "z", "part" (of this head in
    attention's output) or "output".

    Args:
        key: Names the element and its state.
        labels: One text a token.
        block: What the block computed.
        head: Whose steps are drawn.
        query: Position of the token that looks.
        token: Position of the token that is looked at.
        projection: `(d_model, d_model)`, c_proj's weight, output first.
        is_masked: Whether later keys were hidden.
        title: What the pictures are of, for screen readers.
        on_cell_change: Called after a click or Enter on a cell.
        on_number_change: Called after a click on a number of a strip.
    """
    n_head, T, d_head = block.q.shape
    rows, columns = window(T, query), window(T, token)
    weighted = weighted_values(block.pattern[head, query], block.v[head])
    z = block.z[head, query]
    element("attention_steps", "canvas", "numbers", "tip")(
        key=key,
        data={
            "labels": list(labels),
            "title": title,
            "query": query,
            "token": token,
            "head": head,
            "n_head": n_head,
            "d_head": d_head,
            "is_masked": is_masked,
            "is_part": T > WINDOW,
            "rows": [rows.start, rows.stop],
            "columns": [columns.start, columns.stop],
            "shape": [rows.stop - rows.start, columns.stop - columns.start],
            "q": block.q[head, rows].ravel(),
            "k": block.k[head, columns].ravel(),
            "scores": block.scores[head, rows, columns].ravel(),
            "pattern": block.pattern[head, rows, columns].ravel(),
            "row_pattern": block.pattern[head, query],
            "tops": weighted.positions,
            "top_v": weighted.parts.ravel(),
            "rest": weighted.n_rest,
            "rest_weight": weighted.rest_weight,
            "rest_v": weighted.rest,
            "z": z,
            "joined": block.z[:, query].ravel(),
            "part": head_part(z, projection, head),
            "attn_out": block.attn_out[query],
        },
        on_cell_change=on_cell_change,
        on_number_change=on_number_change,
    )


def window(T: int, position: int, size: int = WINDOW) -> slice:
    """Return up to `size` positions around `position`, as many of them before as after."""
    start = max(0, min(position - size // 2, T - size))
    return slice(start, min(T, start + size))


def weighted_values(weights: Array, v: Array, shown: int = TOP_VALUES) -> WeightedValues:
    """Multiply `(T, d_head)` values by `(T,)` weights; keep the `shown` heaviest apart."""
    order = np.argsort(-weights, kind="stable")
    order = order[weights[order] > 0]
    top, others = order[:shown], order[shown:]
    rest = weights[others].astype(np.float64) @ v[others]
    return WeightedValues(
        positions=[int(position) for position in top],
        parts=weights[top, None] * v[top],
        rest=rest.astype(np.float32),
        rest_weight=float(weights[others].sum(dtype=np.float64)),
        n_rest=len(others),
    )


def head_part(z: Array, projection: Array, head: int) -> Array:
    """Return `(d_model,)`: what one head's `(d_head,)` z adds to attention's output."""
    d_head = len(z)
    return projection[:, head * d_head : (head + 1) * d_head] @ z
