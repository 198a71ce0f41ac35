"""What is added up over an attention map by hand: a row's sum, and the averages told of a head.

The weights themselves are taken as recorded; `model.arithmetic.attention` derives each of them.
The averages are those of `model.patterns`, which the pages show; no line is shared with it.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from model.arithmetic.places import is_silenced, label_of
from model.terms import Derived, Term, combined, constant, indexed, recorded, rest, total
from model.trace import Array, Trace

# In a longer text each row but the chosen one travels as one number.
MOST_ROWS = 24


def row_sum(trace: Trace, *, block: int, head: int, query: int) -> Derived:
    """Add one row of weights up: shares of one whole."""
    keys = range(_n_key(trace, query))
    row = trace.blocks[block].pattern[head, query]
    n_masked = len(row) - len(keys)
    note = f"{n_masked} later tokens are masked: their weight is exactly 0." if n_masked else ""
    term = total(
        f"sum of the row of {label_of(trace, query)}",
        "Σ A",
        [_weight(trace, block, head, query, key) for key in keys],
        formula="Σ A over all keys",
        role="attention",
        note=note,
    )
    return Derived(term, float(row.sum(dtype=np.float64)))


def later_weight(trace: Trace, *, block: int, head: int, query: int, model_value: float) -> Derived:
    """Add up what one row gives to the tokens after its own; with the mask on it is 0.

    Args:
        trace: The pass.
        block: From 0.
        head: From 0.
        query: Position of the token that looks.
        model_value: The page's own number.
    """
    return Derived(_later(trace, block, head, query), model_value)


def mean_later(trace: Trace, *, block: int, head: int, query: int, model_value: float) -> Derived:
    """Average over all rows what they give to later tokens; `query` names the row that is listed.

    The other arguments are those of `later_weight`.
    """
    pattern = trace.blocks[block].pattern[head]
    rows = _rows(
        range(len(trace.tokens)),
        query,
        lambda row: _later(trace, block, head, row),
        lambda row: float(pattern[row, row + 1 :].sum(dtype=np.float64)),
    )
    label = "mean weight of a row on the tokens after it"
    return Derived(_mean(label, "rows", rows), model_value)


def mean_previous(trace: Trace, *, block: int, head: int, model_value: float) -> Derived:
    """Average the weight on the token just before, over the rows that have one."""
    weights = [_weight(trace, block, head, q, q - 1) for q in range(1, len(trace.tokens))]
    label = "mean weight on the token just before"
    return Derived(_mean(label, "rows that have a token before", weights), model_value)


def mean_own(trace: Trace, *, block: int, head: int, model_value: float) -> Derived:
    """Average the weight of a token on itself; row 0, which sees nothing else, is left out."""
    T = len(trace.tokens)
    weights = [_weight(trace, block, head, q, q) for q in range(min(1, T - 1), T)]
    label = "mean weight of a token on itself"
    return Derived(_mean(label, "rows, the first left out", weights), model_value)


def mean_evenness(
    trace: Trace, *, block: int, head: int, query: int, model_value: float
) -> Derived:
    """Average how evenly rows spread: entropy over the largest it could be, 0 to 1.

    The arguments are those of `mean_later`. Row 0 is left out: it sees one key where there is a
    mask, and an entropy of 0 over 0 says nothing.
    """
    pattern = trace.blocks[block].pattern[head]
    rows = _rows(
        range(1, len(trace.tokens)),
        query,
        lambda row: _evenness(trace, block, head, row),
        lambda row: _spread_of(pattern[row], _n_key(trace, row)),
    )
    label = "mean evenness of a row"
    return Derived(_mean(label, "rows, the first left out", rows), model_value)


def _n_key(trace: Trace, query: int) -> int:
    """Return how many tokens one row may look at."""
    return len(trace.tokens) if is_silenced(trace, "mask") else query + 1


def _weight(trace: Trace, block: int, head: int, query: int, key: int) -> Term:
    return recorded(
        f"{label_of(trace, query)} ({query}) looks at {label_of(trace, key)} ({key})",
        indexed("A", key),
        trace.blocks[block].pattern[head, query, key],
        role="attention",
    )


def _later(trace: Trace, block: int, head: int, query: int) -> Term:
    later = range(query + 1, len(trace.tokens))
    weights = [_weight(trace, block, head, query, key) for key in later]
    label = f"row of {label_of(trace, query)} ({query}), on later tokens"
    return total(label, "Σ A", weights, role="attention") if weights else _nothing(label)


def _evenness(trace: Trace, block: int, head: int, query: int) -> Term:
    n_key = _n_key(trace, query)
    weights = [_weight(trace, block, head, query, key) for key in range(n_key)]
    entropy = total("entropy", "Σ A·ln(1/A)", [_spread(w) for w in weights if w.value > 0])
    largest = combined("ln", "the largest it could be", "ln n", constant("keys", "n", n_key))
    label = f"row of {label_of(trace, query)} ({query}), entropy as a share of its largest"
    return combined("quotient", label, "e", entropy, largest, formula="Σ A·ln(1/A) / ln n")


def _spread(weight: Term) -> Term:
    inverse = combined("quotient", "one over it", "1/A", constant("one", "1", 1.0), weight)
    logarithm = combined("ln", "its logarithm", "ln(1/A)", inverse)
    return combined("product", weight.label, "A·ln(1/A)", weight, logarithm)


def _spread_of(row: Array, n_key: int) -> float:
    """Return what `_evenness` works out, without its steps."""
    p = row[row > 0].astype(np.float64)
    return float((p * np.log(1 / p)).sum() / math.log(n_key))


def _rows(
    numbers: range,
    chosen: int,
    term_of: Callable[[int], Term],
    value_of: Callable[[int], float],
) -> list[Term]:
    """Return every row's term; of many rows the chosen one's, and one for all others."""
    if len(numbers) <= MOST_ROWS:
        return [term_of(number) for number in numbers]
    own = min(max(chosen, numbers.start), numbers.stop - 1)
    others = [value_of(number) for number in numbers if number != own]
    label = "all other rows, worked out the same way"
    return [term_of(own), rest(label, "…", math.fsum(others), count=len(others))]


def _mean(label: str, counted: str, terms: Sequence[Term]) -> Term:
    if not terms:
        return _nothing(label)
    count = sum(term.count for term in terms)
    return combined(
        "quotient",
        label,
        "mean",
        total("their sum", "Σ", terms),
        constant(counted, "n", count),
        formula="Σ / n",
    )


def _nothing(label: str) -> Term:
    return constant(label, "0", 0.0, note="There is no such token: 0.")
