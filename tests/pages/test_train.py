"""A run started on the page leaves a model that every page can show, at any kept step."""

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.parts.stages import STAGES

ROOT = Path(__file__).parents[2]


def wait_until(condition, seconds=120):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def train(app, text="The cat sat on the mat. " * 200):
    """Put a run of a few steps into the queue as the page does; return its token when done."""
    from dataclasses import replace

    from model.config import GPTConfig
    from model.training.plan import PRESETS
    from pages.parts import runs

    recipe = replace(PRESETS[0].plan.recipe, n_steps=12, batch_size=2)
    sizes = GPTConfig(vocab_size=257, block_size=16, n_layer=2, n_head=2, d_model=16)
    plan = replace(PRESETS[0].plan, sizes=sizes, recipe=recipe, seconds=0.0)
    owner = "test session id"
    token = runs.jobs().submit(owner, plan, text)
    wait_until(lambda: runs.jobs().status(token, owner).state == "done")
    app.session_state["run_tokens"] = (token,)
    return token


@pytest.fixture
def app():
    return AppTest.from_file(ROOT / "app.py", default_timeout=120).run()


@pytest.mark.slow
def test_every_page_shows_the_model_that_was_just_trained(app):
    train(app)
    app.session_state["model"] = "own-1"
    for stage in STAGES:
        app.switch_page(stage.path).run()
        assert not app.exception, stage.name
        assert app.selectbox(key="model_picker").value == "own-1"


@pytest.mark.slow
def test_the_scrubber_goes_back_to_the_steps_that_were_kept(app):
    train(app)
    app.session_state["model"] = "own-1"
    app.switch_page("pages/overview.py").run()
    slider = app.select_slider(key="step_picker")
    assert slider.options == ["0", "1", "2", "5", "10", "12"]
    slider.set_value(0).run()
    assert app.session_state["step"] == 0
    assert not app.exception


@pytest.mark.slow
def test_another_visitors_model_is_not_there(app):
    app.session_state["model"] = "own-1"
    app.run()
    assert app.selectbox(key="model_picker").value == "embedded"
    assert "not here" in app.info[0].value


def test_an_empty_text_is_asked_for(app):
    app.switch_page("pages/train.py").run()
    app.session_state["train_text"] = "Your own text"
    app.run()
    app.button(key="train-30 seconds").click().run()
    assert "no text yet" in app.error[0].value
