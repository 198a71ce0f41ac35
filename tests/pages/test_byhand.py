"""What the by-hand panel is handed: the whole tree, long sums shortened without losing a number."""

import json
import math

import numpy as np
import pytest
import torch

from model.arithmetic import lens_logit
from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.terms import Factor, products, total
from model.tokenizer import Tokens
from pages.components.byhand import FEW_SUMMANDS, MAX_SUMMANDS, MAX_TERMS, packed, shortened, size


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


def test_the_largest_tree_of_a_wide_model_stays_under_a_megabyte():
    model = GPT(GPTConfig(300, 8, 1, 25, 1600)).eval()
    model.initialize(torch.Generator().manual_seed(0))
    learned = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    found = lens_logit(
        record(model, Tokens((5, 6), (b"a", b"b"))),
        learned,
        stage=0,
        position=1,
        token_id=9,
        label="it",
        model_value=0.0,
    ).term
    assert size(found) > MAX_TERMS
    assert len(json.dumps(packed(found, FEW_SUMMANDS))) < 1_000_000
    assert packed(found, FEW_SUMMANDS)["value"] == found.value
