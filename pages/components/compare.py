"""Two next-token distributions side by side: the original, and one with something changed.

Drawn by `assets/components/compare/`.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from model.sampling import softmax
from model.trace import Array
from pages.components.element import element
from pages.components.percent import percent

SHOWN = 8


class Change(NamedTuple):
    """Give one token's logit and probability before and after a change."""

    id: int
    before: float
    after: float
    logit_before: float
    logit_after: float


def compare_bars(
    *, key: str, before: Array, after: Array, label: Callable[[int], str], changed: str
) -> None:
    """Draw the likeliest tokens of two rows of logits, a pair of bars each.

    Args:
        key: Names the element.
        before: `(vocab_size,)` logits of the original pass.
        after: `(vocab_size,)` logits of the other.
        label: What a token is called.
        changed: What is different in the other pass: "without this head".
    """
    rows = changes(before, after)
    element("compare", "canvas")(
        key=key,
        data={
            "changed": changed,
            "rows": [
                {
                    "label": label(row.id),
                    "before": row.before,
                    "after": row.after,
                    "texts": [percent(row.before), percent(row.after)],
                    "logits": [f"{row.logit_before:.3f}", f"{row.logit_after:.3f}"],
                }
                for row in rows
            ],
            "divergence": f"{divergence(before, after):.4f}",
        },
    )


def changes(before: Array, after: Array, shown: int = SHOWN) -> list[Change]:
    """Return the tokens that are among the `shown` likeliest in either row, likeliest first."""
    p, other = softmax(before), softmax(after)
    best = set(np.argsort(-p)[:shown]) | set(np.argsort(-other)[:shown])
    ids = sorted(map(int, best), key=lambda token_id: -p[token_id])
    return [Change(i, float(p[i]), float(other[i]), float(before[i]), float(after[i])) for i in ids]


def divergence(before: Array, after: Array) -> float:
    """Return Σ p · ln(p / p'), the Kullback-Leibler divergence in nats: 0 where nothing moved."""
    p, other = softmax(before), softmax(after)
    is_there = p > 0
    with np.errstate(divide="ignore"):
        return float((p[is_there] * (np.log(p[is_there]) - np.log(other[is_there]))).sum())
