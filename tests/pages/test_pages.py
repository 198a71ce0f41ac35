"""Every page runs without an exception, alone and after each other, on ordinary and odd texts."""

from functools import lru_cache
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.stages import STAGES

ROOT = Path(__file__).parents[2]
ODD_TEXTS = [
    "",
    " ",
    "a",
    "\u0301",
    "😀 안녕 \u200f\u0007",
    "<script>alert(1)</script><style>*{display:none}</style> $\\LaTeX$ **md** [a](b) `c`",
    "2020 2020 2020",
    "word " * 5000,
]
ODD_VALUES = ["inf", "-1e999", "nan", "-99999", "9" * 30, "0.5", "٣", "<b>x</b>", ""]


def app():
    return AppTest.from_file(ROOT / "app.py", default_timeout=120)


@lru_cache(maxsize=len(STAGES))
def keys_of_widgets(name):
    """Return the names of whatever a link may set: the selection, and the page's own controls."""
    page = app().run().switch_page(f"pages/{name}.py").run()
    kinds = ("number_input", "text_input", "checkbox", "toggle", "selectbox", "segmented_control")
    keys = {widget.key for kind in (*kinds, "slider") for widget in getattr(page, kind)}
    assert keys > {"block", "temperature", "model", "opened", "start"}
    return frozenset(key for key in keys if key) | {"replaced", "lens_number"}


@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
def test_a_page_runs_without_an_exception(name):
    page = app().run()
    page.switch_page(f"pages/{name}.py").run()
    assert not page.exception
    assert page.title[0].value


@pytest.mark.slow
@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
def test_a_page_takes_any_text(name, text):
    page = app()
    page.query_params["prompt"] = text
    page.run()
    page.switch_page(f"pages/{name}.py").run()
    assert not page.exception


@pytest.mark.slow
@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
def test_a_selection_out_of_bounds_is_brought_within_them(name):
    page = app()
    for key in ("block", "head", "query", "token", "dim", "top_k", "seed"):
        page.query_params[key] = "99999"
    page.query_params["temperature"] = "1e9"
    page.query_params["top_p"] = "-3"
    page.query_params["model"] = "no such model"
    page.run()
    page.switch_page(f"pages/{name}.py").run()
    assert not page.exception


@pytest.mark.slow
@pytest.mark.parametrize("value", ODD_VALUES)
@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
def test_a_link_may_say_anything(name, value):
    page = app()
    for key in keys_of_widgets(name):
        page.query_params[key] = value
    page.query_params["experiment"] = "Replace a later token"
    page.query_params["opened"] = "lens-300"
    page.run()
    page.switch_page(f"pages/{name}.py").run()
    assert not page.exception
    assert page.title


@pytest.mark.parametrize(
    ("name", "hidden", "gone", "kept"),
    [
        ("output", "sampling", {"Always the likeliest", "Turn up the heat", "Cut the tail"}, set()),
        ("tokens", "prompt", {"End with a space"}, {"Read plain bytes"}),
        ("position", "prompt", {"Who bit whom"}, {"Leave the position rows out"}),
    ],
)
def test_nothing_is_offered_that_a_hidden_control_would_have_to_take_back(name, hidden, gone, kept):
    page = app()
    page.query_params["hide"] = hidden
    page.run()
    page.switch_page(f"pages/{name}.py").run()
    offered = {button.label for button in page.button}
    assert kept <= offered
    assert not gone & offered
    assert any(text.value == "#### Try" for text in page.markdown) == bool(kept)


@pytest.mark.parametrize("name", ["attention", "output", "overview"])
def test_words_stand_on_a_page_unless_the_link_hides_them(name):
    for hide, count in (("", 1), ("words", 0)):
        page = app()
        page.query_params["hide"] = hide
        page.run()
        page.switch_page(f"pages/{name}.py").run()
        assert not page.exception
        for heading in ("What", "How", "Why"):
            found = [text for text in page.markdown if text.value.startswith(f"#### {heading}\n")]
            assert len(found) == count


@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
def test_nothing_speaks_of_a_panel_by_hand_that_the_link_hides(name):
    page = app()
    page.query_params["hide"] = "byhand"
    page.query_params["opened"] = "stream-1-added.addition-2.lens-300.ledger-3.neuron-300.spread"
    page.run()
    page.switch_page(f"pages/{name}.py").run()
    assert not page.exception
    spoken = [c.value for c in page.caption] + [b.label for b in page.button]
    spoken += [control.label for control in page.segmented_control]
    assert [words for words in spoken if "by hand" in words or "work out" in words.lower()] == []
    assert "By hand" not in [heading.value for heading in page.subheader]
