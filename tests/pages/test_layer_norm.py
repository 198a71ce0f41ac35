"""The LayerNorm page: every norm can be chosen, and what it says is what the norm did."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.microscope import all_spreads, norm_names, spoken_name

ROOT = Path(__file__).parents[2]


def open_page(**selection):
    page = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    for name, value in selection.items():
        page.query_params[name] = value
    page.run()
    return page.switch_page("pages/layer_norm.py").run()


def handed(page):
    """Return what each element without arrays was handed."""
    texts = [element.proto.json for element in page.get("bidi_component")]
    return [json.loads(text) for text in texts if text]


def panel(page):
    """Return what the one by-hand panel was handed."""
    (tree,) = [data for data in handed(page) if "term" in data]
    return tree


@pytest.mark.parametrize("norm", ["ln_1", "ln_2", "ln_f"])
def test_every_norm_is_worked_out_and_agrees(norm):
    page = open_page(block="3", dim="7", norm=norm)
    assert not page.exception
    data = panel(page)
    assert norm in data["term"]["label"]
    assert abs(data["difference"]) < data["allowance"]


def test_every_number_of_the_formula_can_be_worked_out():
    labels = set()
    for name in ("out", "x̂", "μ", "σ²", "√(σ² + ε)", "x"):
        page = open_page(worked=name)
        assert not page.exception
        data = panel(page)
        assert abs(data["difference"]) < data["allowance"]
        labels.add(data["term"]["label"])
    assert len(labels) == 6


def test_gamma_and_beta_can_be_left_out():
    page = open_page()
    page.toggle(key="gamma-switch").set_value(False).run()
    page.toggle(key="beta-switch").set_value(False).run()
    assert not page.exception
    scaled, shift = panel(page)["term"]["children"]
    assert (scaled["children"][1]["value"], shift["value"]) == (1.0, 0.0)
    changed = [data["changed"] for data in handed(page) if "changed" in data]
    assert changed == ["without γ and β of ln_1 of block 1"]


def test_each_thing_to_try_works():
    page = open_page()
    for number in range(3):
        page.button(key=f"try-layer_norm-{number}").click().run()
        assert not page.exception
    assert page.session_state["norm"] == "ln_f"
    assert page.session_state["gamma"] is False


def test_the_link_hides_the_panel():
    page = open_page(hide="byhand")
    assert not page.exception
    assert not any("term" in data for data in handed(page))


def test_norm_and_switches_survive_a_change_of_page():
    page = open_page(norm="ln_2", gamma="false")
    page.switch_page("pages/residual.py").run()
    page.switch_page("pages/layer_norm.py").run()
    assert page.segmented_control(key="norm-picker").value == "ln_2"
    assert page.toggle(key="gamma-switch").value is False
    assert page.toggle(key="beta-switch").value is True


def test_a_link_with_an_unknown_norm_opens_the_first():
    page = open_page(norm="ln_9")
    assert not page.exception
    assert page.segmented_control(key="norm-picker").value == "ln_1"


@pytest.mark.parametrize(
    ("number", "side"),
    [
        ("probability", "before"),
        ("probability", "after"),
        ("logit", "after"),
        ("logit", "change"),
        ("rank", "after"),
        ("distance", "change"),
    ],
)
def test_every_number_without_gamma_opens_its_arithmetic(number, side):
    page = open_page(norm="ln_f", gamma="false")
    page.session_state["opened"] = f"left_out-{number}-{side}-11"
    page.run()
    assert not page.exception
    trees = [data for data in handed(page) if "term" in data]
    assert len(trees) == 2
    assert all(abs(tree["difference"]) < tree["allowance"] for tree in trees)


def test_the_norms_are_named_in_the_order_in_which_they_run():
    norm = SimpleNamespace
    blocks = [
        norm(ln_1=norm(std=np.array([1.0, 5.0])), ln_2=norm(std=np.array([2.0, 6.0]))),
        norm(ln_1=norm(std=np.array([3.0, 7.0])), ln_2=norm(std=np.array([4.0, 8.0]))),
    ]
    found: Any = all_spreads(cast("Any", blocks), cast("Any", norm(std=np.array([9.0, 0.0]))))
    names = ["1 · ln_1", "1 · ln_2", "2 · ln_1", "2 · ln_2", "ln_f"]
    assert norm_names(2) == names
    assert found[:, 0].tolist() == [1, 2, 3, 4, 9]
    assert [spoken_name(name) for name in ("h.1.ln_2", "ln_f")] == ["ln_2 of block 2", "ln_f"]
