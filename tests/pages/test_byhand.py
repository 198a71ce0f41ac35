"""What the by-hand panel is handed: the whole tree, long sums shortened without losing a number."""

import json
import math

import numpy as np
import pytest

from model.terms import Factor, products, total
from pages.components.byhand import MAX_SUMMANDS, packed, shortened


def long_sum(count):
    rng = np.random.default_rng(0)
    left, right = (Factor(name, rng.normal(size=count).astype(np.float32)) for name in "xw")
    return total("sum", "Σ", products(left, right), formula="x · w")


def test_a_tree_travels_whole_and_as_json():
    term = long_sum(20)
    found = json.loads(json.dumps(packed(term)))
    assert (found["label"], found["formula"], found["value"]) == ("sum", "x · w", term.value)
    assert len(found["children"]) == 20
    first = found["children"][0]
    assert first["value"] == math.prod(factor["value"] for factor in first["children"])
    assert "children" not in first["children"][0]


def test_a_long_sum_keeps_its_largest_summands_and_its_value():
    term = long_sum(5000)
    kept = shortened(term.children)
    assert len(kept) == MAX_SUMMANDS
    assert math.fsum(child.value for child in kept) == pytest.approx(term.value, abs=1e-9)
    assert kept[-1].count == 5000 - MAX_SUMMANDS + 1
    assert min(abs(child.value) for child in kept[:-1]) >= max(
        abs(child.value) for child in set(term.children) - set(kept)
    )
