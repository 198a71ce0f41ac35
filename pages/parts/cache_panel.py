"""What the KV cache saves, measured on the visitor's own text: one generation with it, one without.

Both draw with the same seed. What is counted is what really passed through the model.
"""

import time
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import streamlit as st

from pages.components.percent import count, tokens
from pages.parts import generating, session

_MEASURED = "cache measured"
MOST_TOKENS = 32
# Without the cache the whole text is computed at each step: bounds the wait on a large model.
_MOST_COMPUTED = 4000


class CountingModel:
    """Stand in for a model and count the tokens that pass through it.

    Args:
        model: The model that computes; it is not changed.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._n_handed = 0
        self._cache: Any = None

    @property
    def n_tokens(self) -> int:
        """Tokens computed: those the cache holds, each computed once; without one all handed in."""
        return self._n_handed if self._cache is None else self._cache.length

    def __call__(self, ids: Any, *arguments: Any, **options: Any) -> Any:
        """Compute logits, and count `ids`."""
        self._n_handed += ids.numel()
        return self._model(ids, *arguments, **options)

    def empty_cache(self, *arguments: Any, **options: Any) -> Any:
        """Return the model's cache, and keep it to be asked how much it holds."""
        self._cache = self._model.empty_cache(*arguments, **options)
        return self._cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


@dataclass(frozen=True)
class Measured:
    """Hold one comparison.

    Args:
        of: The text, model and settings it was measured on.
        n_drawn: Tokens drawn each way.
        n_computed: Tokens that passed through the model, with the cache and without.
        seconds: Time taken, with the cache and without.
        is_same: Whether both ways drew the same tokens.
        difference: The largest difference between two logits of the two ways.
    """

    of: object
    n_drawn: int
    n_computed: tuple[int, int]
    seconds: tuple[float, float]
    is_same: bool
    difference: float


def _subject() -> object:
    ids, settings = session.all_tokens().ids, session.sampling_settings()
    return (session.known_model().id, ids, settings, session.seed())


def _n_tokens() -> int:
    n_text = len(session.all_tokens())
    return min(MOST_TOKENS, generating.room(), max(4, _MOST_COMPUTED // n_text))


def measure(n_tokens: int) -> Measured:
    """Draw `n_tokens` with the cache and without; return what each way cost."""
    model, rows, computed, seconds = session.model(), [], [], []
    # The first pass of a process or a shape is slower, whichever way goes first.
    next(generating.draws_from(model))
    for use_cache in (True, False):
        counting = CountingModel(model)
        started = time.perf_counter()
        steps = generating.draws_from(counting, use_cache=use_cache)
        rows.append(list(islice(steps, n_tokens)))
        seconds.append(time.perf_counter() - started)
        computed.append(counting.n_tokens)
    pairs = list(zip(*rows, strict=False))
    return Measured(
        _subject(),
        len(rows[0]),
        (computed[0], computed[1]),
        (seconds[0], seconds[1]),
        all(one.id == other.id for one, other in pairs),
        max(float(np.abs(one.logits - other.logits).max()) for one, other in pairs),
    )


def cache_savings() -> None:
    """Draw the explanation, the button, and what was measured."""
    n_tokens = _n_tokens()
    st.markdown("#### What the cache saves")
    st.markdown(
        "Nothing looks ahead, so the keys and values of earlier tokens stay as they are when a "
        "token is added. They can be kept: the *KV cache*. Then only the newest token passes "
        "through the blocks; without it the whole text passes again for every token drawn."
    )
    if n_tokens <= 0:
        st.caption("The context is full, so there is nothing to draw and to measure.")
        return
    if st.button(f"Measure {tokens(n_tokens)} both ways", key="measure-cache"):
        with st.spinner("Drawing with the cache, then without"):
            session.keep(_MEASURED, measure(n_tokens))
    found: Measured | None = session.kept(_MEASURED)
    if found is not None and found.of == _subject():
        _show(found)


def _show(found: Measured) -> None:
    n_text = len(session.all_tokens())
    rows = [
        (name, f"{count(n)} tokens", f"{1000 * s:,.0f} ms", f"{found.n_drawn / s:,.0f}")
        for name, n, s in zip(
            ("with the cache", "without"), found.n_computed, found.seconds, strict=True
        )
    ]
    lines = [
        "| | passed through the model | time | tokens drawn a second |",
        "|---|---:|---:|---:|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    st.markdown("\n".join(lines))
    ratio = found.n_computed[1] / found.n_computed[0]
    same = "the same tokens" if found.is_same else "different tokens, at a near-tie"
    st.caption(
        f"{ratio:.1f} times fewer tokens computed for {tokens(found.n_drawn)} after a text of "
        f"{n_text}. Both ways drew {same}; the largest difference between two logits was "
        f"{found.difference:.1e}, float rounding, because other shapes add in another order."
    )
