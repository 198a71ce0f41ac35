"""What to train on and with: the text, the sizes, a model to begin with or to take back."""

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import streamlit as st

from model.config import GPTConfig
from model.tokenizer import BYTES_VOCAB_SIZE
from model.training.plan import (
    MAX_ARCHIVE_BYTES,
    MAX_BLOCK_SIZE,
    MAX_N_HEAD,
    MAX_N_LAYER,
    MAX_TEXT_BYTES,
    MAX_VOCAB_SIZE,
    PRESETS,
    Preset,
    RunPlan,
    decode_upload,
    letter_plan,
)
from model.training.status import disk_sentence
from model.training.tasks import TASKS, Task
from pages.parts import runs, session
from pages.parts.texts import as_text, sections
from pages.parts.training import OPERATIONS

PASTE, UPLOAD = "Your own text", "A file of yours"
_TASK_CHARACTERS = 400_000
_SECONDS = {"30 seconds": 30, "3 minutes": 180, "15 minutes": 900}
_TEXT_MEGABYTES, _ZIP_MEGABYTES = MAX_TEXT_BYTES // 10**6, MAX_ARCHIVE_BYTES // 10**6
_HELP = {
    "Blocks": "How often attention and a feed-forward layer follow each other. More can work out "
    "more, and take longer.",
    "Heads": "How many attention patterns a block has, side by side.",
    "d_head": "The length of a head's queries, keys and values. Times the heads "
    "it is d_model, the length of every token's vector.",
    "Context, tokens": "How many tokens it reads at most, the newest included.",
    "Vocabulary": "257: a token for each of the 256 bytes, and one for the end of a text. Every "
    "further one is a merge of GPT-2's, so that a word takes fewer tokens.",
    "Texts in a step": "The batch: how many pieces of the text, each a context long, a step learns "
    "from. More make a step slower and its direction steadier.",
    "Time": "Of training, without pauses. You can stop earlier or go on longer.",
    "Seed": "Fixes the numbers it begins with, and which pieces of the text come in which order.",
    "Optimizer": "What makes a move out of the slopes. muon: the matrices inside the blocks move "
    "equally far in all directions that the slopes name, and AdamW moves the rest. adamw: it moves "
    "all.",
    "Learning rate": "How far a step moves the numbers. Too little learns slowly, too much learns "
    "nothing: try 10.",
    "Dropout": "The share of the model's inner numbers that a step sets to 0 at random, so "
    "that it relies on no single one. It helps where the text is short.",
    "Weight decay": "How strongly every step pulls the matrices towards 0: what the text does not "
    "need fades.",
}


def new_run() -> None:
    """Draw everything that a run begins with, and the buttons that begin it."""
    text, task = _text_choice()
    begin = _begin_choice()
    _presets(text, task, begin)
    if not begin:
        # Opening it runs the page again: by then the machine's speed is known.
        with st.expander("Choose every size", key="train-sizes", on_change="rerun"):
            _own_sizes(text, task)
    with st.expander("Upload a model you downloaded"):
        _taken_back()


def prepare() -> None:
    """Let the queue's thread load what training needs; say what hinders it."""
    try:
        runs.jobs()
        session.keep("train_prepared", True)
    except OSError as error:
        st.error(disk_sentence(error))


def _text_choice() -> tuple[str, Task | None]:
    """Draw the choice of text; return the text, and the task that makes it, if one does."""
    names = [task.name for task in reversed(TASKS)]
    chosen = st.pills(
        "What it reads",
        [*names, PASTE, UPLOAD],
        default=names[0],
        key="train_text",
        persist_state="session",
        wrap=True,
    )
    if chosen == PASTE:
        pasted = st.text_area("Your text", key="train_paste", height=160, persist_state="session")
        st.caption("A page is enough to begin with; the longer, the less it learns by heart.")
        return pasted, None
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
    file = st.file_uploader(
        f"A text file in UTF-8, up to {_TEXT_MEGABYTES} MB",
        type=None,
        max_upload_size=_TEXT_MEGABYTES,
    )
    if file is None:
        return ""
    try:
        return decode_upload(file.getvalue())
    except ValueError as error:
        st.error(str(error))
        return ""


def _begin_choice() -> str:
    """Draw what the weights are at the start; return a run to begin with, none for noise."""
    own = {token: runs.title(token) for token in runs.tokens() if runs.snapshots(token)}
    if not own:
        return ""
    titles = {"": "Noise: random numbers", **own}
    return st.selectbox(
        "It begins as",
        list(titles),
        format_func=titles.__getitem__,
        key="train_begin",
        help="A model of yours goes on with its own sizes, on the text that is chosen above.",
    )


def _presets(text: str, task: Task | None, begin: str) -> None:
    """Draw one button for each preset; a click starts a run."""
    columns, chosen = st.columns(len(PRESETS)), None
    for column, preset in zip(columns, PRESETS, strict=True):
        plan = _fitted(preset, task, begin)
        with column:
            if st.button(
                f"Train for {preset.name}",
                type="primary" if preset is PRESETS[0] else "secondary",
                key=f"train-{preset.name}",
                width="stretch",
            ):
                chosen = plan
            st.caption(
                f"{plan.sizes.n_layer} blocks, {plan.sizes.n_head} heads, d_model "
                f"{plan.sizes.d_model}: {plan.sizes.parameters.total:,} parameters"
            )
    if chosen is not None:
        # Below the columns: what is missing is a sentence, too long for one of them.
        _start(text, chosen, begin)


def _fitted(preset: Preset, task: Task | None, begin: str) -> RunPlan:
    """Return a preset's plan for a text, with the sizes of the run to begin with."""
    plan = _suited(preset.plan, task)
    begun = runs.own_model(runs.name(begin), session.LAST) if begin else None
    return replace(plan, sizes=begun.config) if begun else plan


def _suited(plan: RunPlan, task: Task | None) -> RunPlan:
    """Return a plan with the floor of a made text; letters are best learnt as single tokens."""
    if task is None:
        return plan
    if "stories" not in task.name:
        plan = letter_plan(plan)
    return replace(plan, floor=task.nats_per_character)


def _own_sizes(text: str, task: Task | None) -> None:
    """Draw every size and setting, the parameter count, and a button that starts with them."""
    first = _suited(PRESETS[0].plan, task)
    left, middle, right = st.columns(3)
    with left:
        n_layer = _whole("Blocks", first.sizes.n_layer, 1, MAX_N_LAYER)
        n_head = _whole("Heads", first.sizes.n_head, 1, MAX_N_HEAD)
        d_head = _whole("d_head", first.sizes.d_head, 4, 64)
        block_size = _whole("Context, tokens", first.sizes.block_size, 8, MAX_BLOCK_SIZE)
    with middle:
        vocab_size = _whole("Vocabulary", first.sizes.vocab_size, BYTES_VOCAB_SIZE, MAX_VOCAB_SIZE)
        batch_size = _whole("Texts in a step", first.recipe.batch_size, 1, 128)
        seconds = st.selectbox(
            "Time",
            list(_SECONDS),
            key="train_seconds",
            persist_state="session",
            help=_HELP["Time"],
        )
        seed = _whole("Seed", 0, 0, 10**6)
    with right:
        optimizer = st.selectbox(
            "Optimizer",
            ["muon", "adamw"],
            key="train_optimizer",
            persist_state="session",
            help=_HELP["Optimizer"],
        )
        rate = _share("Learning rate", first.recipe.learning_rate, 10.0, 1e-3)
        dropout = _share("Dropout", 0.0, 0.9, 0.05)
        decay = _share("Weight decay", first.recipe.weight_decay, 1.0, 0.05)
    try:
        sizes = GPTConfig(vocab_size, block_size, n_layer, n_head, n_head * d_head, dropout=dropout)
        recipe = replace(
            first.recipe,
            batch_size=batch_size,
            learning_rate=rate,
            muon_learning_rate=rate * first.recipe.muon_learning_rate / first.recipe.learning_rate,
            optimizer="adamw" if optimizer == "adamw" else "muon",
            weight_decay=decay,
            seed=seed,
        )
        plan = RunPlan(sizes, recipe, float(_SECONDS[seconds]), first.floor)
    except ValueError as error:
        st.error(f"These sizes do not go together: {error}")
        return
    st.markdown(f"**{sizes.parameters.total:,}** parameters. {_speed_sentence(plan)}")
    if st.button("Start with these sizes", key="train-own"):
        _start(text, plan)


def _whole(label: str, value: int, low: int, high: int) -> int:
    field = st.number_input(
        label,
        low,
        high,
        value,
        1,
        key=_key(label, value),
        persist_state="session",
        help=_HELP[label],
    )
    return int(field)


def _share(label: str, value: float, high: float, step: float) -> float:
    return st.number_input(
        label,
        0.0,
        high,
        value,
        step,
        format="%.4f" if step < 0.01 else "%.2f",
        key=_key(label, value),
        persist_state="session",
        help=_HELP[label],
    )


def _key(label: str, value: float) -> str:
    """Return a field's key: a text that asks for another first value has a field of its own."""
    return f"train-{label}-{value}"


def _speed_sentence(plan: RunPlan) -> str:
    """Estimate what the time is enough for, from the visitor's last run or a short trial."""
    measured, source = session.kept("train_speed"), "of your last run"
    if not measured and session.kept("train_prepared"):
        measured, source = OPERATIONS * runs.jobs().speed, "of a short trial on this machine"
    tokens = plan.recipe.batch_size * plan.sizes.block_size
    if not measured:
        return f"It trains for {plan.seconds:.0f} seconds, {tokens:,} tokens a step."
    steps = measured / (OPERATIONS * plan.sizes.parameters.total * tokens) * plan.seconds
    return (
        f"At the speed {source}, {plan.seconds:.0f} seconds are enough for about "
        f"{steps:,.0f} steps of {tokens:,} tokens."
    )


def _start(text: str, plan: RunPlan, begin: str = "") -> None:
    """Put a run into the queue, or say what is missing."""
    from model.training.jobs import UnknownRunError

    if not text.strip():
        st.error("There is no text yet. Paste some, upload a file, or pick one that we make.")
        return
    try:
        token = runs.jobs().submit(runs.owner(), plan, text, begin=begin)
    except UnknownRunError:
        st.error("The model to begin with was deleted meanwhile. Pick another one.")
        return
    except ValueError as error:
        st.error(str(error))
        return
    except OSError as error:
        st.error(disk_sentence(error))
        return
    runs.add(token)
    st.rerun()


def _taken_back() -> None:
    """Draw the upload of a zip that was downloaded here; it becomes one of the visitor's models."""
    st.markdown(sections("train")["Upload"])
    taken = session.kept("train_taken")
    if taken in runs.tokens():
        # The model's panel is on top of the page, perhaps out of sight.
        st.toast(
            f"{as_text(runs.title(taken))} is here: on top of this page, and among the models."
        )
    session.keep("train_taken", None)
    number = session.kept("train_n_zip", 0)
    file = st.file_uploader(
        f"The zip, up to {_ZIP_MEGABYTES} MB",
        type="zip",
        max_upload_size=_ZIP_MEGABYTES,
        key=f"train-zip-{number}",
    )
    if file is None:
        return
    try:
        token = runs.jobs().adopt(runs.owner(), file.getvalue(), _plain(file.name))
    except OSError as error:
        st.error(disk_sentence(error))
        return
    except ValueError as error:
        # What is wrong may name what stands in the file, which nobody here wrote.
        st.error(as_text(str(error)))
        return
    runs.add(token)
    # An empty box again, so that the next run of the page does not take the file once more.
    session.keep("train_n_zip", number + 1)
    session.keep("train_taken", token)
    st.rerun()


def _plain(name: str) -> str:
    """Return a file's name without its end and all signs that could mean something else."""
    words = re.findall(r"[^\W_]+(?:[-.][^\W_]+)*", Path(name).stem)
    return " ".join(words)[:40].strip() or "uploaded"
