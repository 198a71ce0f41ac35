"""The numbers that are added up over a map open their arithmetic, on any text, mask on or off."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[2]
ALWAYS = {
    "row sum": "sum of the row of",
    "mean: one token back": "mean weight on the token just before",
    "mean: its own token": "mean weight of a token on itself",
    "mean: evenness": "mean evenness of a row",
}
MASK_OFF = {
    "weight on later tokens": "row of",
    "its mean over the rows": "mean weight of a row on the tokens after it",
}


def attention(**query):
    page = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    return page.switch_page("pages/attention.py").run()


def tree(page):
    """Return the one calculation that is open."""
    assert not page.exception
    texts = [element.proto.json for element in page.get("bidi_component")]
    (found,) = [data for data in map(json.loads, filter(None, texts)) if "term" in data]
    return found


@pytest.mark.parametrize("prompt", ["The cat sat on the", "", "word " * 60])
@pytest.mark.parametrize("mask", ["true", "false"])
@pytest.mark.parametrize(("name", "label"), [*ALWAYS.items(), *MASK_OFF.items()])
def test_each_sum_and_average_is_worked_out(name, label, mask, prompt):
    found = tree(attention(by_hand=name, mask=mask, prompt=prompt, block="2", query="3"))
    if mask == "false" or name in ALWAYS:
        assert found["term"]["label"].startswith(label)
    else:
        assert found["term"]["label"].startswith("weight:")
    assert abs(found["difference"]) < 1e-6


def test_a_leak_that_was_open_closes_when_the_mask_is_put_on():
    page = attention(by_hand="weight on later tokens", mask="false")
    assert tree(page)["term"]["label"].startswith("row of")
    page.toggle(key="mask").set_value(True).run()
    assert tree(page)["term"]["label"].startswith("weight:")


def test_what_a_thing_to_try_tells_is_what_its_calculation_gives():
    page = attention(prompt="The cat sat on the")
    for number in range(3):
        told = page.button(key=f"try-attention-{number}")
        caption = next(c.value for c in page.caption if c.value.startswith("Here") and c.value)
        told.click().run()
        value = tree(page)["term"]["value"]
        shares = [c.value for c in page.caption if f"{100 * value:.2f}\u00a0%" in c.value]
        assert shares, (caption, value)
