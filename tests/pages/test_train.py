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
    # It stands below the three buttons, not squeezed into the column of one.
    assert not any(column.error for column in app.columns if len(column.button) == 1)


def downloaded(token):
    """Return the zip that the page hands out for a run's last weights."""
    from model.training.archive import pack
    from pages.parts import runs

    return pack(runs.jobs().snapshot_folder(token, "test session id", 12))


def upload(app, content, name="my *model*.zip"):
    box = app.file_uploader(key=f"train-zip-{app.session_state['kept_train_n_zip'] or 0}")
    return box.set_value((name, content, "application/zip")).run()


@pytest.fixture
def trained(app):
    """Open the training page of a visitor with one finished run; return it with the run's zip."""
    token = train(app)
    app.session_state["kept_train_n_zip"] = 0
    app.switch_page("pages/train.py").run()
    return app, downloaded(token)


@pytest.mark.slow
def test_an_uploaded_model_is_walked_on_every_page_under_its_files_name(trained):
    app, content = trained
    upload(app, content)
    assert "Your model 2 (my model)" in app.selectbox(key="model_picker").options
    assert "Your model 2 (my model) is here" in plain(app.toast[0].value)
    app.button(key="run-walk").click().run()
    for stage in STAGES:
        app.switch_page(stage.path).run()
        assert not app.exception, stage.name
        assert app.selectbox(key="model_picker").value == "own-2"


@pytest.mark.slow
def test_an_upload_that_is_no_model_ends_in_a_sentence_and_adds_nothing(trained):
    app, content = trained
    upload(app, content[:1000])
    assert "cut off" in plain(app.error[0].value)
    assert app.selectbox(key="model_picker").options[-1] == "Your model 1"


@pytest.mark.slow
def test_what_stands_in_an_uploaded_file_is_shown_and_not_read(trained):
    import io
    import zipfile

    app, content = trained
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        weights = found.read("model.safetensors")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("model.safetensors", weights)
        made.writestr("config.json", '{"model_type": "![a](http://example.com/b.png)"}')
    upload(app, buffer.getvalue())
    assert "![a](http" not in app.error[0].value
    assert "![a](http://example.com/b.png)" in plain(app.error[0].value)


def plain(shown):
    """Return what a browser writes for character references."""
    from html import unescape

    return unescape(shown).replace("\u2060", "")


@pytest.mark.slow
def test_the_speed_is_measured_with_the_sizes_of_the_run_it_belongs_to(trained):
    from model.training.plan import PRESETS
    from pages.parts import runs

    app, _ = trained
    status = runs.jobs().status(app.session_state["run_tokens"][0], "test session id")
    # 257 tokens and 16 places of 16 numbers, 2 blocks of 12d² + 13d, the last norm's 2d.
    assert status.n_parameter == (257 + 16) * 16 + 2 * (12 * 256 + 13 * 16) + 2 * 16
    speed = 6 * status.n_parameter * status.tokens_per_second
    assert app.session_state["kept_train_speed"] == pytest.approx(speed)
    first = PRESETS[0].plan
    work = 6 * first.sizes.parameters.total * first.recipe.batch_size * first.sizes.block_size
    (said,) = [found.value for found in app.markdown if "your last run" in found.value]
    assert f"about {30 * speed / work:,.0f} steps" in said


@pytest.mark.slow
def test_a_run_begins_with_an_uploaded_model(trained):
    app, content = trained
    upload(app, content)
    second = app.session_state["run_tokens"][-1]
    app.selectbox(key="train_begin").set_value(second).run()
    assert "2 blocks, 2 heads, d_model 16" in app.caption[-1].value
    app.button(key="train-30 seconds").click().run()
    assert not app.exception
    assert len(app.session_state["run_tokens"]) == 3
    from pages.parts import runs

    third, owner = app.session_state["run_tokens"][-1], "test session id"
    wait_until(lambda: runs.jobs().status(third, owner).n_done)
    app.run()
    assert "loss" in line(app.switch_page("pages/tokens.py").run())
    assert "step" in line(app.switch_page("pages/attention.py").run())
    assert not line(app.switch_page("pages/train.py").run())
    app.button(key="run-stop").click().run()
    wait_until(lambda: runs.jobs().status(third, owner).state == "stopped")


def line(app):
    """Return what the line over a page says of a live run; nothing where there is none."""
    said = [plain(found.value) for found in app.caption]
    return "".join(words for words in said if words.startswith("Your model"))


def test_a_models_first_words_are_a_line_that_ends_with_a_word():
    from pages.parts.training import first_words

    assert first_words("\n  \ncabhgeda=cabhgeda\nabc") == "cabhgeda=cabhgeda"
    long = "The tiny fox found a kite under the bridge. The fox gave the kite to the owl."
    assert first_words(long) == "The tiny fox found a kite under the bridge. The fox gave the"
    assert first_words("a" * 90) == "a" * 60
    assert first_words(" \n") == ""


@pytest.mark.slow
def test_a_model_can_be_walked_on_its_own_words(trained):
    from pages.parts import runs

    app, _ = trained
    app.button(key="run-walk").click().run()
    app.button(key="run-own-words").click().run()
    status = runs.jobs().status(app.session_state["run_tokens"][0], "test session id")
    wrote = status.history.samples[-1].text
    assert app.session_state["text"]
    assert app.session_state["text"] in wrote


@pytest.mark.slow
def test_the_steps_are_estimated_before_the_first_run(app):
    from pages.parts import runs

    app.switch_page("pages/train.py").run()
    wait_until(lambda: runs.jobs().speed)
    app.run()
    assert any("about" in each.value for each in app.markdown if "short trial" in each.value)


def test_chosen_sizes_are_kept_while_another_page_is_looked_at(app):
    def blocks():
        app.switch_page("pages/train.py").run()
        return next(field for field in app.number_input if field.label == "Blocks")

    blocks().set_value(5).run()
    app.switch_page("pages/tokens.py").run()
    assert blocks().value == 5


def test_the_levels_are_the_same_loss_in_both_units():
    from math import log

    from model.training.status import RunStatus
    from pages.parts.training import _levels

    status = RunStatus("running", "Training.", vocab_size=257, bytes_per_token=2.0, floor=0.5)
    guess, floor = _levels(status, is_bits=False)
    assert guess.name == "uniform guess, ln 257 = 5.55"
    assert (guess.value, floor.value) == pytest.approx((log(257), 2 * 0.5))
    in_bits = [level.value for level in _levels(status, is_bits=True)]
    assert in_bits == pytest.approx([log(257, 2) / 2, 0.5 / log(2)])
    assert len(_levels(RunStatus("running", ""), is_bits=False)) == 1


def test_the_words_name_the_bounds_that_hold():
    from model.training.archive import MAX_ARCHIVE_BYTES
    from model.training.plan import (
        MAX_BLOCK_SIZE,
        MAX_N_HEAD,
        MAX_N_LAYER,
        MAX_PARAMETERS,
        MAX_VOCAB_SIZE,
    )
    from pages.parts import new_run
    from pages.parts.texts import sections

    words = sections("train")["Upload"]
    assert f"{MAX_N_LAYER} blocks, {MAX_N_HEAD} heads" in words
    assert f"{MAX_PARAMETERS:,} parameters, a context of up to {MAX_BLOCK_SIZE} " in words
    assert f"{MAX_VOCAB_SIZE:,} tokens" in words
    assert new_run._ZIP_MEGABYTES * 1_000_000 == MAX_ARCHIVE_BYTES
