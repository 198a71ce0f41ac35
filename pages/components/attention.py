"""One head's attention map as an element on canvas; drawn by `assets/components/attention/`.

Turns two `(T, T)` arrays into flat typed arrays for the browser. Which head, and what happens
after a click, is the page's business.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.trace import Array
from pages.components.element import element

MapValues = Literal["weights", "scores"]
# Up to so many tokens every number travels as it is (8 bytes a cell, 1.3 MB); above, one byte a
# cell, and the element says "about" outside the chosen query's row.
EXACT_TOKENS = 400


def attention_map(
    *,
    key: str,
    labels: Sequence[str],
    scores: Array,
    pattern: Array,
    query: int,
    token: int,
    is_masked: bool,
    values: MapValues = "weights",
    title: str = "Attention",
    on_cell_change: Callable[[], None],
) -> None:
    """Draw one head's map: rows are query tokens, columns key tokens.

    The element's state "cell" is the chosen `[query, key]`, both positions from 0.

    Args:
        key: Names the element and its state.
        labels: One text a token, as `piece_label` writes it.
        scores: `(T, T)`, query first: scaled, before the mask.
        pattern: `(T, T)`, query first: what softmax made of the masked scores.
        query: Position of the chosen query.
        token: Position of the chosen key.
        is_masked: Whether later keys were hidden from each query; they are hatched then.
        values: Which of the two arrays gives the colours.
        title: Stands on the saved picture and in the text for screen readers.
        on_cell_change: Called after a click or Enter on a cell.
    """
    pixels, limit = map_pixels(pattern if values == "weights" else scores, values, is_masked)
    last = len(labels) - 1
    query, token = min(query, last), min(token, last)
    is_exact = len(labels) <= EXACT_TOKENS
    if is_exact:
        exact = {"scores": scores.ravel(), "pattern": pattern.ravel()}
    else:
        exact = {"row_scores": scores[query], "row_pattern": pattern[query]}
    element("attention", "canvas", "numbers", "tip")(
        key=key,
        data={
            "labels": list(labels),
            "pixels": pixels.ravel(),
            "sums": pattern.sum(axis=-1, dtype=np.float64).astype(np.float32),
            "limit": limit,
            "query": query,
            "token": token,
            "is_masked": is_masked,
            "is_exact": is_exact,
            "values": values,
            "title": title,
            **exact,
        },
        on_cell_change=on_cell_change,
    )


def map_pixels(shown: Array, values: MapValues, is_masked: bool) -> tuple[NDArray[np.uint8], float]:
    """Return the place of each number in a table of 256 colours, and the largest |score| drawn.

    Weights follow their square root, 0 … 1 to 0 … 255: a weight of 0.01 is then still seen.
    Scores run from −limit to +limit, with zero in the middle; masked ones do not widen the range.
    """
    if values == "weights":
        return np.rint(np.sqrt(np.clip(shown, 0, 1)) * 255).astype(np.uint8), 1.0
    visible = np.tril(shown) if is_masked else shown
    limit = float(np.abs(visible).max()) or 1.0
    scaled = np.clip(visible / limit, -1, 1)
    return np.rint((scaled + 1) * 127.5).astype(np.uint8), limit
