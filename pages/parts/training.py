"""The panels of the training page: what to train on and with, how the run goes, what it left."""

import contextlib
import io
import math
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from model.config import GPTConfig
from model.training.plan import PRESETS, Preset, RunPlan, decode_upload
from model.training.stats import TrainConfig
from model.training.tasks import TASKS, Task
from pages.components.curve import Level, Line, curve
from pages.parts import runs, session
from pages.parts.stages import stage

if TYPE_CHECKING:
    from model.training.status import RunStatus

PASTE, UPLOAD = "Your own text", "A file of yours"
_TASK_CHARACTERS = 400_000
_LIVE = ("queued", "running")
_SECONDS = {"30 seconds": 30, "3 minutes": 180, "15 minutes": 900}


def text_choice() -> tuple[str, Task | None]:
    """Draw the choice of text; return the text, and the task that makes it, if one does."""
    names = [task.name for task in reversed(TASKS)]
    chosen = st.pills(
        "What it reads",
        [*names, PASTE, UPLOAD],
        default=names[0],
        key="train_text",
        persist_state="session",
    )
    if chosen == PASTE:
        return st.text_area(
            "Your text", key="train_paste", height=160, persist_state="session"
        ), None
    if chosen == UPLOAD:
        return _uploaded(), None
    task = next((task for task in TASKS if task.name == chosen), TASKS[-1])
    st.caption(task.summary)
    return _made(task.name, session.seed()), task


@lru_cache(maxsize=8)
def _made(name: str, seed: int) -> str:
    """Return a task's text; drawing 400,000 characters takes up to a second."""
    task = next(task for task in TASKS if task.name == name)
    return task.text(_TASK_CHARACTERS, seed=seed)


def _uploaded() -> str:
    file = st.file_uploader("A text file in UTF-8, up to 5 MB", type=None, max_upload_size=5)
    if file is None:
        return ""
    try:
        return decode_upload(file.getvalue())
    except ValueError as error:
        st.error(str(error))
        return ""


def presets(text: str, task: Task | None) -> None:
    """Draw one button for each preset; a click starts a run."""
    columns = st.columns(len(PRESETS))
    for column, preset in zip(columns, PRESETS, strict=True):
        plan = _fitted(preset, task)
        with column:
            if st.button(
                f"Train for {preset.name}",
                type="primary" if preset is PRESETS[0] else "secondary",
                key=f"train-{preset.name}",
                width="stretch",
            ):
                start(text, plan)
            st.caption(
                f"{plan.sizes.n_layer} blocks, {plan.sizes.n_head} heads, d_model "
                f"{plan.sizes.d_model}: {plan.sizes.parameters.total:,} parameters"
            )


def _fitted(preset: Preset, task: Task | None) -> RunPlan:
    """Return a preset's plan, with the floor of a made text, whose letters stay single tokens."""
    if task is None:
        return preset.plan
    sizes = preset.plan.sizes
    if "stories" not in task.name:
        sizes = replace(sizes, vocab_size=257)
    return replace(preset.plan, sizes=sizes, floor=task.nats_per_character)


def own_sizes(text: str, task: Task | None) -> None:
    """Draw every size and setting, the parameter count, and a button that starts with them."""
    first = PRESETS[0].plan
    left, middle, right = st.columns(3)
    with left:
        n_layer = _whole("Blocks", first.sizes.n_layer, 1, 8)
        n_head = _whole("Heads", first.sizes.n_head, 1, 16)
        d_head = _whole("Numbers a head (d_head)", first.sizes.d_head, 4, 64)
        block_size = _whole("Context, tokens", first.sizes.block_size, 8, 256)
    with middle:
        vocab_size = _whole("Vocabulary", 257 if task else first.sizes.vocab_size, 257, 4096)
        batch_size = _whole("Texts in a step", first.recipe.batch_size, 1, 128)
        seconds = st.selectbox("Time", list(_SECONDS), key="train_seconds")
        seed = _whole("Seed", 0, 0, 10**6)
    with right:
        optimizer = st.selectbox("Optimizer", ["muon", "adamw"], key="train_optimizer")
        rate = st.number_input(
            "Learning rate", 0.0, 10.0, first.recipe.learning_rate, 1e-3, format="%.4f"
        )
        dropout = st.number_input("Dropout", 0.0, 0.9, 0.0, 0.05)
        decay = st.number_input("Weight decay", 0.0, 1.0, 0.1, 0.05)
    try:
        sizes = GPTConfig(vocab_size, block_size, n_layer, n_head, n_head * d_head, dropout=dropout)
        recipe = TrainConfig(
            batch_size=batch_size,
            learning_rate=rate,
            muon_learning_rate=rate * first.recipe.muon_learning_rate / first.recipe.learning_rate,
            optimizer="adamw" if optimizer == "adamw" else "muon",
            weight_decay=decay,
            warmup_steps=first.recipe.warmup_steps,
            start_share=first.recipe.start_share,
            seed=seed,
        )
        floor = task.nats_per_character if task else 0.0
        plan = RunPlan(sizes, recipe, float(_SECONDS[seconds]), floor)
    except ValueError as error:
        st.error(f"These sizes do not go together: {error}")
        return
    st.markdown(f"**{sizes.parameters.total:,}** parameters. {_speed_sentence(plan)}")
    if st.button("Start with these sizes", key="train-own"):
        start(text, plan)


def _whole(label: str, value: int, low: int, high: int) -> int:
    return int(st.number_input(label, low, high, value, 1))


def _speed_sentence(plan: RunPlan) -> str:
    """Estimate, from the last run on this machine, what the time is enough for.

    A step's work is about 6 operations a parameter and token (forward 2, backward 4).
    """
    measured = session.kept("train_speed")
    tokens = plan.recipe.batch_size * plan.sizes.block_size
    if not measured:
        return f"It trains for {plan.seconds:.0f} seconds, {tokens:,} tokens a step."
    steps = measured / (6 * plan.sizes.parameters.total * tokens) * plan.seconds
    return (
        f"At the speed of your last run, {plan.seconds:.0f} seconds are enough for about "
        f"{steps:,.0f} steps of {tokens:,} tokens."
    )


def start(text: str, plan: RunPlan) -> None:
    """Put a run into the queue, or say what is missing."""
    if not text.strip():
        st.error("There is no text yet. Paste some, upload a file, or pick one that we make.")
        return
    try:
        token = runs.jobs().submit(runs.owner(), plan, text)
    except (ValueError, OSError) as error:
        st.error(str(error))
        return
    runs.add(token)
    session.keep("train_sizes", plan.sizes)
    st.rerun()


def is_live(token: str) -> bool:
    """Say whether a run is working or waiting, so that the page has to look again."""
    found = runs.status(token)
    return found is not None and found.state in _LIVE


def run_panel(token: str, *, was_live: bool) -> None:
    """Draw a run: its state, its controls, its curves, what it wrote."""
    found = runs.status(token)
    if found is None:
        st.info("This run was deleted. Start another one above.")
        return
    if was_live != (found.state in _LIVE):
        # Whether the page keeps looking is decided outside this fragment.
        st.rerun()
    _note_speed(found)
    _facts(found)
    _controls(token, found)
    _curves(found)
    _samples(found)


def _note_speed(found: "RunStatus") -> None:
    sizes = session.kept("train_sizes")
    if sizes and found.tokens_per_second:
        session.keep("train_speed", 6 * sizes.parameters.total * found.tokens_per_second)


def _facts(found: "RunStatus") -> None:
    if found.state == "failed":
        st.error(found.sentence)
    else:
        st.markdown(f"**{found.sentence}**")
    last = found.history.validation[-1].loss if found.history.validation else math.nan
    facts = (
        ("step", f"{found.n_done:,}"),
        ("loss on text kept apart", f"{last:.3f} nats"),
        ("speed", f"{found.tokens_per_second:,.0f} tokens/s"),
        ("time left", f"{found.seconds_left:.0f} s"),
    )
    with st.container(horizontal=True, gap="medium", key="run-facts"):
        for name, value in facts:
            st.metric(name, value, width="content")


def _controls(token: str, found: "RunStatus") -> None:
    jobs = runs.jobs()
    with st.container(horizontal=True, gap="small", key="run-controls"):
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
        if found.history.snapshots:
            _walk(token)
    _fate(token, found)


def _walk(token: str) -> None:
    name = f"{runs.OWN}{runs.tokens().index(token) + 1}"
    if st.button(
        "Look into it on every page",
        key="run-walk",
        type="primary",
        on_click=session.select,
        kwargs={"model": name, "step": session.LAST},
        help="Makes your model the one that all pages show, at any step that was kept.",
    ):
        # The choice lies outside this fragment: the whole page has to take it up.
        st.rerun()
    if session.asked_name() == name:
        st.page_link(stage("attention").path, label="Every page shows it now: open attention ›")


def _fate(token: str, found: "RunStatus") -> None:
    if found.state in _LIVE or not found.history.snapshots:
        return
    step = found.history.snapshots[-1]
    with st.container(horizontal=True, gap="small"):
        folder = runs.jobs().snapshot_folder(token, runs.owner(), step)
        st.download_button(
            "Download the model",
            data=lambda: _zipped(folder),
            file_name=f"glassbox-gpt-step-{step}.zip",
            mime="application/zip",
            help="A folder in Hugging Face's GPT-2 layout: config.json and model.safetensors.",
        )
        if st.button("Delete this run", on_click=_delete, args=(token,), key="run-delete"):
            st.rerun()


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return buffer.getvalue()


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
        "Loss in", ["nats a token", "bits a byte"], default="nats a token", key="train_unit"
    )
    is_bits = unit == "bits a byte"
    factor = 1 / (found.bytes_per_token * math.log(2)) if is_bits else 1.0
    steps, checks = found.history.steps, found.history.validation
    levels = [Level("uniform guess", "muted", math.log(found.vocab_size) * factor)]
    if found.floor:
        floor = found.floor / math.log(2) if is_bits else found.floor * found.bytes_per_token
        levels.append(Level("floor", "value", floor))
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
        levels=levels,
        height=300,
    )
    with st.expander("Learning rate and gradient"):
        rate = Line("lr", "learning rate", "query", "plain", x, [s.lr for s in steps])
        curve([rate], key="curve-lr", name="learning rate", unit="rate", height=160)
        norm = Line(
            "grad", "gradient norm", "positive", "smoothed", x, [s.grad_norm for s in steps]
        )
        curve([norm], key="curve-grad", name="gradient norm", unit="norm", height=160)


def _samples(found: "RunStatus") -> None:
    if not found.history.samples:
        return
    st.markdown("#### What it writes, from nothing but the start token")
    for sample in reversed(found.history.samples):
        with st.container(border=True):
            st.caption(f"after step {sample.step:,}")
            st.text(sample.text)
