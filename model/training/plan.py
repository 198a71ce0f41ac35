"""What a visitor asks for when they train a model of their own: plain data, checked. No torch here.

The shortest preset has the rates that were quickest on a megabyte of plays, where 300 steps reached
1.78 nats a character (`tests/bench/shakespeare.py`); the longer ones train larger models.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.config import GPTConfig
from model.tokenizer import BYTES_VOCAB_SIZE, tokenizer
from model.training.data import Ids, Source, encode_documents
from model.training.stats import TrainConfig

MAX_TEXT_BYTES = 5_000_000
MAX_ARCHIVE_BYTES = 20_000_000
MAX_SECONDS = 30 * 60
MAX_PARAMETERS = 8_000_000
MAX_TOKENS_PER_STEP = 32 * 1024
MAX_VOCAB_SIZE = 4096
# An uploaded model may be all blocks or all context: modules cost memory beside their parameters,
# and attention's maps grow with the context squared.
MAX_N_LAYER, MAX_N_HEAD, MAX_BLOCK_SIZE = 8, 16, 256
_BOUNDS = {"n_layer": MAX_N_LAYER, "n_head": MAX_N_HEAD, "block_size": MAX_BLOCK_SIZE}
# Parameters times tokens. A step does six operations for each, and nothing stops a run within one:
# this many take about 10 seconds on one slow core.
MAX_WORK_PER_STEP = 5 * 10**10
# The last tenth is never learnt from: what is measured there is what was learnt, not remembered.
VALIDATION_SHARE = 0.1
# Windows for the validation loss; the average over so many moves by about 1 %.
_N_VALIDATION = 24


@dataclass(frozen=True)
class RunPlan:
    """Hold what fixes a visitor's run, besides its text.

    Args:
        sizes: Of the model.
        recipe: Of the training; its `n_steps` counts where `seconds` is 0.
        seconds: Train for so long, without pauses; 0 goes by `recipe.n_steps`.
        floor: The text's true entropy in nats a byte, where it is known; otherwise 0.
        name: What the file was called, of a model that was uploaded and not trained here.

    Raises:
        ValueError: More is asked for than one visitor gets; the sentence names the bound.
    """

    sizes: GPTConfig
    recipe: TrainConfig
    seconds: float = 30.0
    floor: float = 0.0
    name: str = ""

    def __post_init__(self) -> None:
        n_parameter = self.sizes.parameters.total
        tokens = self.recipe.batch_size * self.sizes.block_size
        if n_parameter > MAX_PARAMETERS:
            raise ValueError(f"{n_parameter:,} parameters are more than {MAX_PARAMETERS:,}")
        if tokens > MAX_TOKENS_PER_STEP:
            raise ValueError(f"{tokens:,} tokens a step are more than {MAX_TOKENS_PER_STEP:,}")
        if n_parameter * tokens > MAX_WORK_PER_STEP:
            raise ValueError(
                f"{n_parameter:,} parameters and {tokens:,} tokens make too long a step: take "
                f"{MAX_WORK_PER_STEP // n_parameter:,} tokens or fewer, or a smaller model"
            )
        for name, bound in _BOUNDS.items():
            size = getattr(self.sizes, name)
            if size > bound:
                raise ValueError(f"{name}={size:,} is more than {bound}")
        if not BYTES_VOCAB_SIZE <= self.sizes.vocab_size <= MAX_VOCAB_SIZE:
            raise ValueError(
                f"vocab_size={self.sizes.vocab_size} is not between {BYTES_VOCAB_SIZE} "
                f"and {MAX_VOCAB_SIZE}"
            )
        if not 0 <= self.seconds <= MAX_SECONDS:
            raise ValueError(f"{self.seconds:.0f} seconds are not between 0 and {MAX_SECONDS}")


@dataclass(frozen=True)
class Preset:
    """Name a plan that a visitor can start with one click."""

    name: str
    plan: RunPlan


PRESETS = (
    Preset(
        "30 seconds",
        RunPlan(
            GPTConfig(vocab_size=1024, block_size=64, n_layer=3, n_head=4, d_model=128),
            TrainConfig(
                batch_size=16,
                start_share=0.3,
                learning_rate=6e-3,
                muon_learning_rate=0.03,
                warmup_steps=10,
                decay_share=0.9,
                weight_decay=0.0,
            ),
            seconds=30,
        ),
    ),
    Preset(
        "3 minutes",
        RunPlan(
            GPTConfig(vocab_size=1024, block_size=128, n_layer=4, n_head=4, d_model=128),
            TrainConfig(batch_size=16, start_share=0.3, warmup_steps=30, decay_share=0.5),
            seconds=180,
        ),
    ),
    Preset(
        "15 minutes",
        RunPlan(
            GPTConfig(
                vocab_size=2048, block_size=128, n_layer=6, n_head=6, d_model=192, dropout=0.1
            ),
            TrainConfig(batch_size=24, start_share=0.3, warmup_steps=50, decay_share=0.5),
            seconds=900,
        ),
    ),
)


def letter_plan(plan: RunPlan) -> RunPlan:
    """Return a plan for short lines of letters: bytes as tokens; in 30 seconds, a small model.

    Read two lines at a time by two blocks of 96 numbers, copying is found after 200 to 280 steps
    of 576 tokens (seeds 0 to 2); at the rates of the shortest preset it was not within 240 of
    1,024, nor within 180 by three blocks.
    """
    sizes = replace(plan.sizes, vocab_size=BYTES_VOCAB_SIZE)
    if plan.seconds > PRESETS[0].plan.seconds:
        return replace(plan, sizes=sizes)
    sizes = replace(sizes, n_layer=2, d_model=96, block_size=36)
    recipe = replace(plan.recipe, learning_rate=3e-3, muon_learning_rate=0.02, warmup_steps=20)
    return replace(plan, sizes=sizes, recipe=recipe)


@dataclass(frozen=True, eq=False)
class Corpus:
    """Hold a visitor's text as ids, the last tenth kept apart.

    Args:
        train: `(n_token,)` to learn from.
        validation: `(n_window, block_size + 1)`, evenly spread over the last tenth.
        bytes_per_token: Of the validation text, to turn nats a token into bits a byte.
    """

    train: Ids
    validation: Ids
    bytes_per_token: float

    @property
    def source(self) -> Source:
        """The text as batches are drawn from it."""
        return Source(self.train)


def decode_upload(raw: bytes) -> str:
    """Return an uploaded file's text.

    Raises:
        ValueError: It is too long or not UTF-8; the sentence can be shown.
    """
    if len(raw) > MAX_TEXT_BYTES:
        raise ValueError(
            f"The file has {len(raw) / 1e6:.1f} MB; up to {MAX_TEXT_BYTES / 1e6:.0f} MB can be "
            "trained on here."
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"The file is not UTF-8 text: byte {error.start:,} does not fit. Save it as UTF-8 "
            "and upload it again."
        ) from None


def make_corpus(text: str, sizes: GPTConfig) -> Corpus:
    """Cut a text into tokens and keep its last tenth apart.

    Raises:
        ValueError: The text is too short or too long; the sentence says how much is needed.
    """
    n_byte = len(text.encode("utf-8", "replace"))
    if n_byte > MAX_TEXT_BYTES:
        raise ValueError(f"The text has {n_byte:,} bytes; up to {MAX_TEXT_BYTES:,} can be used.")
    ids = encode_documents(text.replace("\r\n", "\n"), sizes.vocab_size)
    window = sizes.block_size + 1
    n_held_back = max(window, round(len(ids) * VALIDATION_SHARE))
    if len(ids) < n_held_back + window:
        raise ValueError(
            f"The text is too short: it has {len(ids):,} tokens, and a context of "
            f"{sizes.block_size} needs at least {2 * window:,}: one piece to learn from and one "
            "kept apart to measure on. Add text or take a shorter context."
        )
    held_back = ids[-n_held_back:]
    n_window = min(_N_VALIDATION, n_held_back // window)
    starts = np.linspace(0, n_held_back - window, n_window).astype(int)
    validation = np.stack([held_back[start : start + window] for start in starts])
    return Corpus(ids[:-n_held_back], validation, bytes_per_token(held_back, sizes.vocab_size))


def bytes_per_token(ids: Ids, vocab_size: int) -> float:
    """Return the mean bytes a token of a text stands for."""
    cut = tokenizer(vocab_size)
    sizes = np.array([len(cut.piece(token_id)) for token_id in range(vocab_size)])
    return float(sizes[ids].mean())


def snapshot_steps(n_step: int) -> Sequence[int]:
    """Return the steps at which a run's weights are kept: 0, 1, 2, 5, 10, 20, 50, … and the last.

    They are evenly spread on a logarithmic axis, as a model learns most in its first steps.
    """
    steps = {0, n_step}
    scale = 1
    while scale <= n_step:
        steps |= {scale * part for part in (1, 2, 5) if scale * part <= n_step}
        scale *= 10
    return tuple(sorted(steps))
