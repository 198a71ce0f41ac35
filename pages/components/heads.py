"""All heads of all blocks as small pictures; drawn by `assets/components/heads/`.

`thumbnails` makes the pictures; `heads_grid` shows them and lets one be chosen.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model.trace import Array
from pages.components.element import element

# All pictures together stay under so many bytes: with the rest they fit one message of 2 MB.
MAX_BYTES = 1_500_000
THUMBNAIL_SIZE = 64


def heads_grid(
    *,
    key: str,
    pictures: NDArray[np.uint8],
    n_token: int,
    block: int,
    head: int,
    is_masked: bool = True,
    on_head_change: Callable[[], None],
) -> None:
    """Show every head's picture, the chosen one outlined.

    The element's state "head" is the chosen `[block, head]`, both from 0; people read them from 1.

    Args:
        key: Names the element and its state.
        pictures: `(n_layer, n_head, S, S)`, what `thumbnails` made of each block.
        n_token: Tokens in the text, to say how many cells a dot stands for.
        block: The chosen block.
        head: The chosen head.
        is_masked: Whether later keys were hidden; they are hatched then.
        on_head_change: Called after a click or Enter on a picture.
    """
    n_layer, n_head, size, _ = pictures.shape
    element("heads", "canvas", "tip")(
        key=key,
        data={
            "thumbnails": pictures.ravel(),
            "n_layer": n_layer,
            "n_head": n_head,
            "size": size,
            "n_token": n_token,
            "block": block,
            "head": head,
            "is_masked": is_masked,
        },
        on_head_change=on_head_change,
    )


def thumbnail_size(n_layer: int, n_head: int) -> int:
    """Return the side of one picture, so that all of them fit `MAX_BYTES`."""
    return min(THUMBNAIL_SIZE, math.isqrt(MAX_BYTES // (n_layer * n_head)))


def thumbnails(pattern: Array, size: int = THUMBNAIL_SIZE) -> NDArray[np.uint8]:
    """Shrink `(n_head, T, T)` weights to `(n_head, S, S)` bytes with S = min(T, size).

    Each dot is the largest weight of its cells, so that a stripe one cell wide is still there, as
    the rounded-up square root times 255: zero only where every weight is zero.
    """
    side = min(pattern.shape[-1], size)
    starts = np.linspace(0, pattern.shape[-1], side, endpoint=False).astype(np.intp)
    rows = np.maximum.reduceat(pattern, starts, axis=1)
    pooled = np.maximum.reduceat(rows, starts, axis=2)
    return np.ceil(np.sqrt(np.clip(pooled, 0, 1)) * 255).astype(np.uint8)
