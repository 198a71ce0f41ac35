"""The panel of a run: how it goes, its controls, its curves, what it writes, what it left."""

import contextlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from pages.components.curve import Level, Line, curve
from pages.parts import runs, session
from pages.parts.stages import stage
from pages.parts.texts import as_text, sections

if TYPE_CHECKING:
    from model.training.stats import StepStats
    from model.training.status import RunStatus

_LIVE = ("queued", "running")
# Nothing is left to wish for, so that looking into the model comes next.
_WHOLE = ("done", "stopped", "uploaded")
# A chart has no more pixels; a run that is over is drawn, and saved, with all points it kept.
_LIVE_POINTS = 400
# Seconds between two looks. The first steps change most; later every look would only cost.
_QUICK, _SLOW, _QUICK_UNTIL = 0.5, 1.0, 8.0
# A map of more tokens is hard to read.
_LINE_CHARACTERS = 60
# A step's work for each parameter and token: forward 2, backward 4 (Kaplan et al. 2020,
# arXiv 2001.08361, §2.1).
OPERATIONS = 6


def is_live(token: str) -> bool:
    """Say whether a run is working or waiting, so that the page has to look again."""
    found = runs.status(token)
    return found is not None and found.state in _LIVE


def pace(found: "RunStatus | None") -> float | None:
    """Return the seconds until the page looks at a run again; none where it stands still."""
    if found is None or found.state not in _LIVE:
        return None
    is_beginning = found.place == 0 and found.history.seconds < _QUICK_UNTIL
    return _QUICK if is_beginning else _SLOW


def run_panel(token: str, *, paced: float | None) -> None:
    """Draw a run: its state, its controls, its curves with their meaning, what it writes.

    Args:
        token: The run.
        paced: The pace at which this panel is drawn.
    """
    found = runs.status(token)
    if found is None:
        st.info("This run was deleted. You can start another one.")
        return
    if paced != pace(found):
        # How often the page looks is decided outside this fragment.
        st.rerun()
    _note_speed(found)
    with st.container(key="run-panel"):
        picture, words = st.columns([5, 3], gap="large")
    with picture:
        with st.container(key="run-top"):
            _controls(token, found)
        if found.state == "uploaded":
            st.caption("To train it further, choose it below, at *It begins as*.")
        else:
            _facts(found)
            _curves(found)
    with words:
        _last_sample(found)
        if found.state != "uploaded":
            st.markdown("#### What the curves mean")
            st.markdown(sections("train")["Curves"])
    _samples(found)


def _note_speed(found: "RunStatus") -> None:
    if found.tokens_per_second:
        session.keep("train_speed", OPERATIONS * found.n_parameter * found.tokens_per_second)


def _facts(found: "RunStatus") -> None:
    checks, speed = found.history.validation, found.tokens_per_second
    facts = (
        ("step", f"{found.n_done:,}"),
        ("loss on text kept apart", f"{checks[-1].loss:.3f} nats" if checks else "not yet"),
        ("speed", f"{speed:,.0f} tokens/s" if speed else "not yet"),
        ("trained for", span(found.history.seconds))
        if found.state in (*_WHOLE, "failed")
        else ("time left", span(found.seconds_left)),
    )
    with st.container(horizontal=True, gap="small", key="run-facts"):
        for name, value in facts:
            st.metric(name, value, width="content")


def span(seconds: float) -> str:
    """Write a time as one would say it: "12 s", "14 min"."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _controls(token: str, found: "RunStatus") -> None:
    """Draw the state with what can be wished, and below it what can be done with the model.

    Both rows stand from the first moment on, so that the curves below them stay where they are.
    """
    if found.state == "failed":
        # It may quote an error, whose words nobody here wrote.
        st.error(as_text(found.sentence))
    else:
        with st.container(
            horizontal=True, gap="small", vertical_alignment="center", key="run-controls"
        ):
            st.markdown(f"**{found.sentence}**", width="content")
            _steering(token, found)
    with st.container(horizontal=True, gap="small", key="run-kept"):
        _walk(token, found)
        _fate(token, found)
    _way(token, found)


def _steering(token: str, found: "RunStatus") -> None:
    jobs = runs.jobs()
    if found.state in _LIVE:
        st.button("Pause", on_click=_steer, args=(jobs.pause, token), key="run-pause")
    if found.state == "paused":
        st.button("Go on", on_click=_steer, args=(jobs.go, token), type="primary", key="run-go")
        st.button("One step", on_click=_steer, args=(jobs.step_once, token), key="run-step")
    if found.state in (*_LIVE, "paused"):
        st.button("Stop training", on_click=_steer, args=(jobs.stop, token), key="run-stop")
    if found.state in ("done", "stopped"):
        for name, seconds in (("30 s", 30.0), ("3 minutes", 180.0)):
            st.button(
                f"Train {name} longer",
                on_click=_steer,
                args=(jobs.extend, token, seconds),
                key=f"run-longer-{seconds:.0f}",
            )


def _walk(token: str, found: "RunStatus") -> None:
    if st.button(
        "Look into it on every page",
        key="run-walk",
        type="primary" if found.state in _WHOLE else "secondary",
        on_click=session.select,
        kwargs={"model": runs.name(token), "step": session.LAST},
        disabled=not found.history.snapshots,
        help="Makes your model the one that all pages show, at any step that was kept.",
    ):
        # The choice lies outside this fragment: the whole page has to take it up.
        st.rerun()


def _way(token: str, found: "RunStatus") -> None:
    """Say where a model that was chosen can be seen, and how to go back in its life."""
    if session.asked_name() != runs.name(token):
        return
    own_words = first_words(found.history.samples[-1].text) if found.history.samples else ""
    with st.container(border=True, key="run-way"):
        st.markdown(
            f"Every page shows **{as_text(runs.title(token))}** now. The slider *After training "
            "step*, at the top of every page, takes it back to the steps that were kept."
        )
        if own_words and st.button(
            "Take the first words it wrote as the text",
            key="run-own-words",
            on_click=session.set_text,
            args=(own_words,),
            help="It knows only the text it learnt from: on its own words you see what it learnt.",
        ):
            st.rerun()
        with st.container(horizontal=True, gap="small"):
            for name in ("attention", "output", "embedding"):
                st.page_link(stage(name).path, label=f"{stage(name).title} ›", width="content")


def first_words(text: str) -> str:
    """Return the first line of a sample that has words, cut after a word where it is long."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if len(line) <= _LINE_CHARACTERS:
        return line
    return line[: _LINE_CHARACTERS + 1].rsplit(" ", 1)[0][:_LINE_CHARACTERS]


def _fate(token: str, found: "RunStatus") -> None:
    if found.state in _LIVE or not found.history.snapshots:
        return
    step = found.history.snapshots[-1]
    folder = runs.jobs().snapshot_folder(token, runs.owner(), step)
    st.download_button(
        "Download the model",
        data=lambda: _packed(folder),
        file_name=f"glassbox-gpt-step-{step}.zip",
        mime="application/zip",
        help="A folder that Hugging Face's transformers opens, with the tokenizer. This page "
        "takes it back too.",
    )
    if st.button("Delete this run", on_click=_delete, args=(token,), key="run-delete"):
        st.rerun()


def _packed(folder: Path) -> bytes:
    from model.training.archive import pack

    return pack(folder)


def _delete(token: str) -> None:
    if session.asked_name().startswith(runs.OWN):
        session.select(model=session.FIRST_MODEL)
    _steer(runs.jobs().delete, token)
    runs.forget(token)


def _steer(wish: Callable[..., None], token: str, *more: float) -> None:
    """Pass a visitor's wish on; a run that was deleted meanwhile has none, and the page says so."""
    from model.training.jobs import UnknownRunError

    with contextlib.suppress(UnknownRunError):
        wish(token, runs.owner(), *more)


def _curves(found: "RunStatus") -> None:
    unit = st.segmented_control(
        "Loss in",
        ["nats a token", "bits a byte"],
        default="nats a token",
        key="train_unit",
        label_visibility="collapsed",
    )
    is_bits = unit == "bits a byte"
    factor = 1 / (found.bytes_per_token * math.log(2)) if is_bits else 1.0
    checks = found.history.validation
    every = len(found.history.steps) // _LIVE_POINTS + 1 if found.state in _LIVE else 1
    steps = found.history.steps[::-every][::-1]
    x = [stats.step for stats in steps]
    curve(
        [
            Line(
                "train",
                "training loss",
                "attention",
                "smoothed",
                x,
                [s.loss * factor for s in steps],
            ),
            Line(
                "kept",
                "loss on text kept apart",
                "positive",
                "points",
                [check.step for check in checks],
                [check.loss * factor for check in checks],
            ),
        ],
        key="curve-loss",
        name="loss",
        unit=unit or "nats a token",
        levels=_levels(found, is_bits=is_bits),
        height=300,
    )
    _rates(steps)


def _levels(found: "RunStatus", *, is_bits: bool) -> list[Level]:
    """Return what a guess without knowledge costs, and what nobody can stay below."""
    guess = math.log(found.vocab_size)
    if is_bits:
        guess /= found.bytes_per_token * math.log(2)
    formula = "" if is_bits else f"ln {found.vocab_size:,} = "
    levels = [Level(f"uniform guess, {formula}{guess:.2f}", "muted", guess)]
    if found.floor:
        floor = found.floor / math.log(2) if is_bits else found.floor * found.bytes_per_token
        levels.append(Level(f"floor, {floor:.2f}", "value", floor))
    return levels


def _rates(steps: Sequence["StepStats"]) -> None:
    rates = st.expander("Learning rate and gradient", key="run-rates", on_change="rerun")
    if not rates.open:
        return
    x = [stats.step for stats in steps]
    with rates:
        st.markdown(sections("train")["Rates"])
        rate = Line("lr", "learning rate", "query", "plain", x, [s.lr for s in steps])
        curve([rate], key="curve-lr", name="learning rate", unit="rate", height=160)
        norm = Line(
            "grad", "gradient norm", "positive", "smoothed", x, [s.grad_norm for s in steps]
        )
        curve([norm], key="curve-grad", name="gradient norm", unit="norm", height=160)


def _last_sample(found: "RunStatus") -> None:
    if not found.history.samples:
        return
    last = found.history.samples[-1]
    is_alone = found.state == "uploaded"
    with st.container(key="run-now"):
        st.markdown(
            "#### What it writes" if is_alone else f"#### After step {last.step:,} it wrote"
        )
        with st.container(border=True, key="run-sample"):
            st.text(last.text)
        st.caption("From nothing but the start token, with the same random draws every time.")


def _samples(found: "RunStatus") -> None:
    if len(found.history.samples) < 2:
        return
    st.markdown("#### What it wrote, from noise on")
    with st.container(horizontal=True, gap="small", key="run-samples"):
        for sample in found.history.samples:
            with st.container(border=True, width=250):
                st.caption(f"after step {sample.step:,}")
                st.text(sample.text)
