"""A calculation drawn as a tree that can be opened step by step; see `assets/components/byhand/`.

Turns a `Term` into plain lists for the browser. Of a very long sum only the largest summands are
handed over one by one; the others travel as one, and say how many they are.
"""

import math
from typing import NotRequired, TypedDict

from model.terms import Derived, Term, rest
from pages.components.element import element

# 6,400 products of GPT-2 XL's feed-forward layer would be a megabyte that nobody reads.
MAX_SUMMANDS = 1024
# A tree with several long sums lists fewer of each: a term travels as about 150 bytes.
MAX_TERMS = 10_000
FEW_SUMMANDS = 128


class PackedTerm(TypedDict):
    """Carry one term and all below it; what is empty is left out."""

    label: str
    symbol: str
    value: float
    operation: str
    role: str
    formula: NotRequired[str]
    note: NotRequired[str]
    count: NotRequired[int]
    children: NotRequired[list["PackedTerm"]]


def term_tree(*, key: str, term: Term, model_value: float) -> None:
    """Draw a calculation beside the model's own value.

    Args:
        key: Names the element.
        term: The calculation.
        model_value: What the pass left behind.
    """
    derived = Derived(term, model_value)
    element("byhand", "canvas")(
        key=key,
        data={
            "term": packed(term, MAX_SUMMANDS if size(term) <= MAX_TERMS else FEW_SUMMANDS),
            "model_value": model_value,
            "difference": derived.difference,
            "allowance": derived.allowance,
        },
    )


def size(term: Term, most: int = MAX_SUMMANDS) -> int:
    """Return how many terms a tree has, its long sums shortened to `most` summands."""
    return 1 + sum(size(child, most) for child in term.children[:most])


def packed(term: Term, most: int = MAX_SUMMANDS) -> PackedTerm:
    """Return `term` as plain values, its long sums shortened to `most` summands."""
    found: PackedTerm = {
        "label": term.label,
        "symbol": term.symbol,
        "value": term.value,
        "operation": term.operation,
        "role": term.role,
    }
    if term.formula:
        found["formula"] = term.formula
    if term.note:
        found["note"] = term.note
    if term.count != 1:
        found["count"] = term.count
    if term.children:
        found["children"] = [packed(child, most) for child in shortened(term.children, most)]
    return found


def shortened(terms: tuple[Term, ...], most: int = MAX_SUMMANDS) -> tuple[Term, ...]:
    """Return `terms`, or where they are more than `most` the largest and one for all others."""
    if len(terms) <= most:
        return terms
    order = sorted(range(len(terms)), key=lambda index: -abs(terms[index].value))
    listed = sorted(order[: most - 1])
    others = [terms[index] for index in order[most - 1 :]]
    together = math.fsum(other.value for other in others)
    count = sum(other.count for other in others)
    return (*(terms[i] for i in listed), rest("all others, together", "…", together, count=count))
