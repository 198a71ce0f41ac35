"""The logit lens as a grid of cells, stages × tokens; drawn by `assets/components/lens/`."""

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.config import GPTConfig
from pages.components.element import element

# Multiplications a reading of all columns may cost; about a quarter of a second on one core.
_MULTIPLICATIONS = 12 * 10**9
_FEWEST_COLUMNS = 8


class Reading(Protocol):
    """What was read; `model.lens.Lens` is one. Rows are stages, columns tokens."""

    @property
    def positions(self) -> NDArray[np.intp]:
        """Which tokens the columns are."""
        ...

    @property
    def followed(self) -> NDArray[np.intp]:
        """The id whose rank is told in each column."""
        ...

    @property
    def top(self) -> NDArray[np.intp]:
        """Id of the likeliest token."""
        ...

    @property
    def top_probs(self) -> NDArray[np.float64]:
        """Its probability."""
        ...

    @property
    def ranks(self) -> NDArray[np.intp]:
        """Rank of the followed token."""
        ...

    @property
    def entropies(self) -> NDArray[np.float64]:
        """Of the whole distribution, in nats."""
        ...


def lens_columns(config: GPTConfig, T: int, position: int) -> range:
    """Return the positions that are read: all, or of a large model those that end at `position`."""
    one = (config.n_layer + 1) * config.vocab_size * config.d_model
    count = min(T, max(_FEWEST_COLUMNS, _MULTIPLICATIONS // one))
    first = min(max(position - count + 1, 0), T - count)
    return range(first, first + count)


def stage_names(n_layer: int) -> list[str]:
    """Return what the rows are called; blocks are counted from 1."""
    return ["embedding", *(f"block {number}" for number in range(1, n_layer + 1))]


def lens_grid(
    lens: Reading,
    *,
    key: str,
    labels: Sequence[str],
    label: Callable[[int], str],
    row: int,
    position: int,
    vocab_size: int,
    on_cell_change: Callable[[], None],
) -> None:
    """Draw the lens; its state "cell" is the chosen `[row, position]`, both from 0.

    Args:
        lens: What was read.
        key: Names the element and its state.
        labels: One for each token of the text.
        label: What a token of the vocabulary is called.
        row: The chosen stage: 0 is before the first block.
        position: The chosen token; one of the lens's.
        vocab_size: For the end of the entropy's scale.
        on_cell_change: Called after a click or Enter on a cell.
    """
    ids, names = np.unique(lens.top, return_inverse=True)
    first = int(lens.positions[0])
    element("lens", "canvas", "numbers")(
        key=key,
        data={
            "title": "Logit lens",
            "rows": stage_names(len(lens.top) - 1),
            "labels": [labels[int(place)] for place in lens.positions],
            "followed": [label(int(token_id)) for token_id in lens.followed],
            "names": [label(int(token_id)) for token_id in ids],
            "top": names.astype(np.int32).ravel(),
            "probs": lens.top_probs.astype(np.float32).ravel(),
            "ranks": lens.ranks.astype(np.int32).ravel(),
            "entropies": (lens.entropies / math.log(2)).astype(np.float32).ravel(),
            "first": first,
            "n_token": len(labels),
            "row": row,
            "column": position - first,
            "vocab_size": vocab_size,
        },
        on_cell_change=on_cell_change,
    )
