"""What attention patterns look like, in numbers; and which rows of two passes differ.

A number here describes a pattern on one text. It does not say what a head is for.
"""

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from model.trace import Array, BlockTrace, NormTrace, Trace

Floats = NDArray[np.float64]


def previous_share(pattern: Array) -> Floats:
    """Map `(n_head, T, T)` to `(n_head,)`: the mean weight on the token just before.

    The mean is over all queries that have one; 0 for a text of one token.
    """
    below = np.diagonal(pattern, offset=-1, axis1=1, axis2=2)
    return below.mean(axis=1, dtype=np.float64) if below.size else np.zeros(len(pattern))


def own_share(pattern: Array) -> Floats:
    """Map `(n_head, T, T)` to `(n_head,)`: the mean weight of a token on itself.

    Row 0 is left out where there are others: it has nothing else to look at.
    """
    own = np.diagonal(pattern, axis1=1, axis2=2)
    return own[:, min(1, own.shape[1] - 1) :].mean(axis=1, dtype=np.float64)


def evenness(pattern: Array, *, is_causal: bool = True) -> Floats:
    """Map `(n_head, T, T)` to `(n_head,)`: how evenly rows spread, 0 (one key) to 1 (all alike).

    The entropy of row i over its largest possible value, averaged over rows 1 to T − 1: ln(i + 1)
    under the mask, ln T without it.
    """
    T = pattern.shape[1]
    if T < 2:
        return np.zeros(len(pattern))
    p = pattern.astype(np.float64)
    entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(axis=2)
    n_key = np.arange(2, T + 1) if is_causal else np.full(T - 1, T)
    return (entropy[:, 1:] / np.log(n_key)).mean(axis=1)


def later_share(pattern: Array) -> Floats:
    """Map `(T, T)` to `(T,)`: the weight each query gives to tokens after it; 0 under the mask."""
    return np.triu(pattern, k=1).sum(axis=1, dtype=np.float64)


def row_differences(first: Trace, second: Trace) -> Floats:
    """Return `(T,)`: the largest difference between two passes in any number of each token's row.

    Compared is whatever a token's row goes on to use: each block's q, k, v, weights, z and sums,
    every norm, and the logits where they are kept. Scores before the mask are not: they hold what
    the mask is there to hide.

    Raises:
        ValueError: The texts differ in length.
    """
    if len(first.tokens) != len(second.tokens):
        raise ValueError(f"{len(first.tokens)} tokens against {len(second.tokens)}")
    largest = np.zeros(len(first.tokens))
    for one, other in zip(_rows(first), _rows(second), strict=True):
        difference = np.abs(one.astype(np.float64) - other)
        np.maximum(largest, difference.max(axis=1), out=largest)
    return largest


def _rows(trace: Trace) -> Iterator[Array]:
    """Yield every recorded array as `(T, numbers of one token)`."""
    for block in trace.blocks:
        yield from _block_rows(block)
    yield from _norm_rows(trace.ln_f)
    if isinstance(trace.logits, np.ndarray):
        yield trace.logits


def _block_rows(block: BlockTrace) -> Iterator[Array]:
    for field in fields(block):
        kept = getattr(block, field.name)
        if isinstance(kept, NormTrace):
            yield from _norm_rows(kept)
        elif kept.ndim == 2:
            yield kept
        elif field.name != "scores":
            yield kept.transpose(1, 0, 2).reshape(kept.shape[1], -1)


def _norm_rows(norm: NormTrace) -> Iterator[Array]:
    for field in fields(norm):
        kept = getattr(norm, field.name)
        yield kept.reshape(len(kept), -1)
