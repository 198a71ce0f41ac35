"""A calculation as a tree of named terms: each value follows from its children by one operation.

`combined` works a term out when it is made, in float64, so that no tree can show a value its parts
do not give. Which calculations a model consists of is written in `model.arithmetic`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Leaf = Literal["recorded", "learned", "constant", "above", "rest", "masked", "silenced"]
Step = Literal[
    "sum",
    "difference",
    "product",
    "quotient",
    "square",
    "root",
    "exp",
    "ln",
    "tanh",
    "normal_share",
    "same",
]
Operation = Leaf | Step
Role = Literal["computed", "weights", "query", "key", "value", "attention"]
Row = NDArray[np.float32]

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Term:
    """Hold one number of a calculation, and the numbers it is made of.

    Args:
        label: What it is, in words.
        symbol: How the formula calls it.
        value: The number.
        operation: How the children give the value; of a leaf, where the value is from: "recorded"
            in the pass, "learned" in training, a "constant", worked out "above" in the same tree,
            the "rest" of a long sum, "masked" (no share at all), "silenced" by the visitor.
        children: The numbers that the operation takes, in its order.
        formula: The step in symbols; empty where the children say it.
        role: Whose colour it has: query, key, value, attention, learned weights, or none.
        note: What a reader should know besides.
        count: How many numbers a "rest" stands for.
    """

    label: str
    symbol: str
    value: float
    operation: Operation
    children: tuple["Term", ...] = ()
    formula: str = ""
    role: Role = "computed"
    note: str = ""
    count: int = 1

    @property
    def magnitude(self) -> float:
        """Σ|terms|: what the value would be had no two of its summands opposite signs.

        Rounding errors grow with it, not with the value.
        """
        sizes = [child.magnitude for child in self.children]
        if self.operation in ("sum", "difference", "same"):
            return math.fsum(sizes) if sizes else abs(self.value)
        if self.operation == "product":
            return math.prod(sizes)
        if self.operation == "quotient":
            return sizes[0] / abs(self.children[1].value)
        return abs(self.value)


@dataclass(frozen=True)
class Derived:
    """Hold a number worked out by hand beside the model's own.

    Args:
        term: The calculation, in float64.
        model_value: What the pass left behind, in the model's float32.
    """

    term: Term
    model_value: float

    @property
    def difference(self) -> float:
        """By hand minus the model's own: rounding, nothing else."""
        return self.term.value - self.model_value

    @property
    def allowance(self) -> float:
        """The largest difference that rounding in float32 explains: 1e-5 · max(1, Σ|terms|)."""
        return 1e-5 * max(1.0, self.term.magnitude)


_STEPS: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "difference": lambda v: v[0] - v[1],
    "product": math.prod,
    "quotient": lambda v: v[0] / v[1],
    "square": lambda v: v[0] * v[0],
    "root": lambda v: math.sqrt(v[0]),
    "exp": lambda v: math.exp(v[0]),
    "ln": lambda v: math.log(v[0]),
    "tanh": lambda v: math.tanh(v[0]),
    "normal_share": lambda v: 0.5 * (1 + math.erf(v[0] / math.sqrt(2))),
    "same": lambda v: v[0],
}


def combined(
    operation: Step,
    label: str,
    symbol: str,
    *children: Term,
    formula: str = "",
    role: Role = "computed",
    note: str = "",
) -> Term:
    """Return the term that `operation` makes of its children, worked out."""
    value = _STEPS[operation]([child.value for child in children])
    return Term(label, symbol, value, operation, children, formula, role, note)


def recorded(
    label: str, symbol: str, value: float, *, role: Role = "computed", note: str = ""
) -> Term:
    """Return a number as the pass left it behind."""
    return Term(label, symbol, float(value), "recorded", role=role, note=note)


def learned(label: str, symbol: str, value: float, *, note: str = "") -> Term:
    """Return one of the model's parameters."""
    return Term(label, symbol, float(value), "learned", role="weights", note=note)


def constant(label: str, symbol: str, value: float, *, note: str = "") -> Term:
    """Return a number that is neither computed nor learned: a size, ε, a count."""
    return Term(label, symbol, float(value), "constant", note=note)


def above(term: Term) -> Term:
    """Refer to a term whose children stand elsewhere in the same tree."""
    return replace(term, operation="above", children=(), formula="", note="")


def rest(label: str, symbol: str, value: float, *, count: int) -> Term:
    """Stand for `count` summands that are not listed one by one."""
    return Term(label, symbol, float(value), "rest", count=count)


def silenced(label: str, symbol: str) -> Term:
    """Return the zero of a part that the visitor silenced."""
    return Term(label, symbol, 0.0, "silenced", note="This part is silenced: it gives zero.")


def indexed(symbol: str, index: int) -> str:
    """Write an index small: x₁₇."""
    return f"{symbol}{str(index).translate(_SUBSCRIPTS)}"


@dataclass(frozen=True)
class Factor:
    """Name one side of a row of products.

    Args:
        symbol: Gets the index of each entry.
        values: `(n,)`.
        role: Of each entry; "weights" makes them learned.
        label: What the entries are, in words.
    """

    symbol: str
    values: Row
    role: Role = "computed"
    label: str = ""

    def terms(self) -> list[Term]:
        """Return each entry as a term of its own."""
        operation: Operation = "learned" if self.role == "weights" else "recorded"
        return [
            Term(self.label, indexed(self.symbol, i), value, operation, role=self.role)
            for i, value in enumerate(self.values.astype(np.float64).tolist())
        ]


def products(left: Factor, right: Factor, *, each: str = "dimension") -> list[Term]:
    """Return the products of a dot product, one an index; `each` says what is counted."""
    return [
        combined("product", f"{each} {i}", f"{a.symbol}·{b.symbol}", a, b)
        for i, (a, b) in enumerate(zip(left.terms(), right.terms(), strict=True))
    ]


def total(
    label: str,
    symbol: str,
    terms: Sequence[Term],
    *,
    formula: str = "",
    role: Role = "computed",
    note: str = "",
) -> Term:
    """Return the sum of `terms`."""
    return combined("sum", label, symbol, *terms, formula=formula, role=role, note=note)
