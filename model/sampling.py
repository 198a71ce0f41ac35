"""From one row of logits to one token: temperature, top-k, top-p, min-p, softmax, and a draw.

Pure numpy, every stage kept, so that a page can show and a reader repeat each of them. Programs
differ in the order of the stages; this one is that of transformers 5.23, `generation/utils.py`:
temperature, top-k, top-p, min-p, each judging what the one before it left.

Sources: top-k: Fan et al. 2018, arXiv 1805.04833; top-p: Holtzman et al. 2020, arXiv 1904.09751;
min-p: Nguyen et al. 2024, arXiv 2407.01082; what happens at ties and borders: transformers'
`logits_process.py`.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMALLEST_TEMPERATURE = 1e-6
_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True)
class SamplingSettings:
    """Hold the four numbers that shape the choice of the next token.

    Args:
        temperature: Divides the logits; 0 takes the largest one and leaves no choice.
        top_k: Keep the `top_k` largest, and all that equal the last of them; 0 keeps all.
        top_p: Keep the fewest whose probabilities add up to `top_p` or more; 1.0 keeps all.
        min_p: Keep those with at least `min_p` times the best one's probability; 0.0 keeps all.

    Raises:
        ValueError: A number is out of its range; the sentence names it.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0

    def __post_init__(self) -> None:
        heat = self.temperature
        if not (heat == 0 or SMALLEST_TEMPERATURE <= heat < math.inf):
            raise ValueError(f"temperature={heat} is neither 0 nor at least {SMALLEST_TEMPERATURE}")
        if isinstance(self.top_k, bool) or not isinstance(self.top_k, int) or self.top_k < 0:
            raise ValueError(f"top_k={self.top_k!r} is not a whole number of at least 0")
        for name in ("top_p", "min_p"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} is not in [0, 1]")


@dataclass(frozen=True, eq=False)
class Stage:
    """Say what one filter left.

    Args:
        kept: `(vocab_size,)`, true where a token can still be drawn; read-only.
        count: How many those are.
        mass: Their share, 0 to 1, of the probability there was before the first filter.
    """

    kept: Mask
    count: int
    mass: float


@dataclass(frozen=True, eq=False)
class Distribution:
    """Hold every stage between logits and probabilities; arrays are `(vocab_size,)`, read-only.

    Args:
        logits: What the model said, as it was handed in.
        scaled: logits / temperature; at temperature 0 all but the largest are −∞.
        after_top_k: What top-k left.
        after_top_p: What top-p left of that.
        after_min_p: What min-p left of that.
        probs: Softmax of `scaled` over the tokens still kept; 0 elsewhere.
    """

    logits: NDArray[np.floating]
    scaled: Floats
    after_top_k: Stage
    after_top_p: Stage
    after_min_p: Stage
    probs: Floats

    @property
    def kept(self) -> Mask:
        """Which tokens can be drawn, `(vocab_size,)`."""
        return self.after_min_p.kept


@dataclass(frozen=True, eq=False)
class SamplingStep:
    """Hold one draw; arrays are `(vocab_size,)`, read-only. See `Distribution`.

    Args:
        logits: What the model said.
        scaled: logits / temperature.
        kept: Which tokens the filters left.
        probs: Their probabilities.
        u: The uniform number in [0, 1) that was drawn.
        id: The token in whose stretch of the bar `u` lies.
    """

    logits: NDArray[np.floating]
    scaled: Floats
    kept: Mask
    probs: Floats
    u: float
    id: int


class Bar(NamedTuple):
    """Lay the tokens that can be drawn end to end, the likeliest first, equal ones by id.

    Token `ids[i]` covers the numbers from `ends[i - 1]` (0 for the first) up to, not including,
    `ends[i]`.
    """

    ids: NDArray[np.intp]
    ends: Floats


def softmax(x: ArrayLike) -> Floats:
    """Return exp(x) / Σ exp(x) in float64; −∞ becomes 0. Shifting by the largest changes nothing.

    Raises:
        ValueError: `x` is not a row of numbers below +∞ with at least one above −∞.
    """
    weights = _weights(_row(x))
    return weights / weights.sum()


def distribution(logits: ArrayLike, settings: SamplingSettings) -> Distribution:
    """Turn one row of logits, `(vocab_size,)`, into probabilities, keeping every stage.

    Raises:
        ValueError: `logits` is not a row of numbers below +∞ with at least one above −∞.
    """
    given = _read_only(np.asarray(logits))
    scaled = _scale(_row(given), settings.temperature)
    weights = _weights(scaled)
    total = float(weights.sum())
    start = Stage(_read_only(scaled > -np.inf), int(np.count_nonzero(scaled > -np.inf)), 1.0)
    after_top_k = _stage(start, _top_k(scaled, start.kept, settings.top_k), weights, total)
    after_top_p = _stage(
        after_top_k, _top_p(scaled, after_top_k.kept, settings.top_p), weights, total
    )
    after_min_p = _stage(
        after_top_p, _min_p(weights, after_top_p.kept, settings.min_p), weights, total
    )
    left = weights if after_min_p is start else np.where(after_min_p.kept, weights, 0.0)
    return Distribution(
        logits=given,
        scaled=_read_only(scaled),
        after_top_k=after_top_k,
        after_top_p=after_top_p,
        after_min_p=after_min_p,
        probs=_read_only(left / left.sum()),
    )


def sample(logits: ArrayLike, settings: SamplingSettings, rng: np.random.Generator) -> SamplingStep:
    """Draw one token from one row of logits, `(vocab_size,)`.

    One number is taken from `rng` whatever the settings, so that a seed gives the same sequence
    of `u` at every temperature.
    """
    found = distribution(logits, settings)
    u = float(rng.random())
    return SamplingStep(
        found.logits, found.scaled, found.kept, found.probs, u, token_at(found.probs, u)
    )


def bar(probs: Floats) -> Bar:
    """Lay all tokens of a probability above 0 on a bar from 0 to 1, the likeliest first."""
    ids = np.flatnonzero(probs)
    ids = ids[np.argsort(-probs[ids], kind="stable")]
    return Bar(ids, np.cumsum(probs[ids]))


def token_at(probs: Floats, u: float) -> int:
    """Return the id of the token in whose stretch of `bar(probs)` the number `u` lies.

    Rounding can leave the bar's end a little below 1; a `u` past it takes the last token.
    """
    # Sorting numbers is several times quicker than sorting ids by them.
    likely_first = np.sort(probs)[::-1]
    place = int(np.searchsorted(np.cumsum(likely_first), u, side="right"))
    place = min(place, int(np.count_nonzero(probs)) - 1)
    equals = np.flatnonzero(probs == likely_first[place])
    return int(equals[place - np.count_nonzero(probs > likely_first[place])])


def _row(logits: ArrayLike) -> Floats:
    row = np.array(logits, dtype=np.float64)
    if row.ndim != 1 or not row.size:
        raise ValueError(f"logits of shape {row.shape} are not one row with at least one number")
    # A NaN, too, fails both comparisons.
    if not -np.inf < row.max() < np.inf:
        raise ValueError("logits hold NaN or +∞, or nothing above −∞")
    return row


def _read_only(array: NDArray[_Number]) -> NDArray[_Number]:
    view = array.view()
    view.setflags(write=False)
    return view


def _scale(row: Floats, temperature: float) -> Floats:
    if temperature > 0:
        row /= temperature
        return row
    only = np.full_like(row, -np.inf)
    only[row.argmax()] = row.max()
    return only


def _weights(row: Floats) -> Floats:
    return np.exp(row - row.max())


def _stage(before: Stage, kept: Mask, weights: Floats, total: float) -> Stage:
    if kept is before.kept:
        return before
    return Stage(_read_only(kept), int(np.count_nonzero(kept)), float(weights[kept].sum()) / total)


def _top_k(scaled: Floats, kept: Mask, top_k: int) -> Mask:
    if not 0 < top_k < scaled.size:
        return kept
    return kept & (scaled >= np.partition(scaled, -top_k)[-top_k])


def _top_p(scaled: Floats, kept: Mask, top_p: float) -> Mask:
    if top_p == 1:
        return kept
    ascending = np.sort(scaled[kept])
    mass = np.cumsum(softmax(ascending))
    n_dropped = min(int(np.count_nonzero(mass <= 1 - top_p)), ascending.size - 1)
    return _largest(scaled, kept, ascending[n_dropped], ascending.size - n_dropped)


def _largest(scaled: Floats, kept: Mask, least: float, count: int) -> Mask:
    """Keep `count` of the kept: all above `least`, and of those that equal it the first ids."""
    chosen = kept & (scaled > least)
    equal = np.flatnonzero(kept & (scaled == least))
    chosen[equal[: count - np.count_nonzero(chosen)]] = True
    return chosen


def _min_p(weights: Floats, kept: Mask, min_p: float) -> Mask:
    if min_p == 0:
        return kept
    probs = np.where(kept, weights, 0.0) / weights[kept].sum()
    return kept & (probs >= min_p * probs.max())


def random_numbers(seed: int, position: int) -> np.random.Generator:
    """Return a generator whose first number belongs to `position`, its next to the one after.

    A seed is one fixed list of numbers in [0, 1), one for each position of a text, so that the
    same seed and the same text give the same token whether tokens are drawn singly or in a row.
    """
    return np.random.Generator(np.random.PCG64(seed).advance(position))
