"""What a page may know of a run, as plain data: no torch here."""

import errno
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from model.training.stats import StepStats

State = Literal["queued", "running", "paused", "done", "stopped", "failed", "uploaded"]
# More points than a chart has pixels are of no use, and memory has to stay bounded.
MAX_POINTS = 2000


@dataclass(frozen=True)
class Sample:
    """Hold what a model wrote at one step, from nothing but the start token."""

    step: int
    text: str


@dataclass(frozen=True)
class ValidationPoint:
    """Hold the mean loss on the text kept apart, in nats a token, after `step` updates."""

    step: int
    loss: float


@dataclass(frozen=True)
class History:
    """Hold what a run left behind so far.

    Args:
        steps: What single steps did; every second one is dropped when there are too many.
        validation: The losses on the text kept apart.
        samples: What the model wrote, at growing steps.
        snapshots: Steps whose weights are kept.
        seconds: Spent training, with measuring, samples and saves.
    """

    steps: tuple[StepStats, ...] = ()
    validation: tuple[ValidationPoint, ...] = ()
    samples: tuple[Sample, ...] = ()
    snapshots: tuple[int, ...] = ()
    seconds: float = 0.0

    def to_json(self) -> dict[str, object]:
        """Return what `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, entries: dict[str, list[dict[str, float]]]) -> "History":
        """Rebuild a history that was written as JSON."""
        return cls(
            steps=tuple(StepStats(**entry) for entry in entries["steps"]),  # pyright: ignore[reportArgumentType]
            validation=tuple(ValidationPoint(**entry) for entry in entries["validation"]),  # pyright: ignore[reportArgumentType]
            samples=tuple(Sample(**entry) for entry in entries["samples"]),  # pyright: ignore[reportArgumentType]
            snapshots=tuple(entries["snapshots"]),  # pyright: ignore[reportArgumentType]
            seconds=float(entries["seconds"]),  # pyright: ignore[reportArgumentType]
        )


@dataclass(frozen=True)
class RunStatus:
    """Say how a run stands.

    Args:
        state: What it is doing.
        sentence: The same in words a visitor can act on.
        place: Its place in the queue; 0 where it is not waiting.
        n_done: Updates done.
        history: Losses, samples and snapshots so far.
        tokens_per_second: Over the last few steps.
        seconds_left: Until the planned end, without pauses.
        bytes_per_token: Turns nats a token into bits a byte.
        floor: The text's true entropy in nats a byte; 0 where nobody knows it.
        vocab_size: For the loss of a uniform guess, ln `vocab_size`.
        n_parameter: Of its model; with tokens a second, how fast this machine works.
        name: What the visitor's file was called, of an uploaded model.
    """

    state: State
    sentence: str
    place: int = 0
    n_done: int = 0
    history: History = field(default_factory=History)
    tokens_per_second: float = 0.0
    seconds_left: float = 0.0
    bytes_per_token: float = 1.0
    floor: float = 0.0
    vocab_size: int = 257
    n_parameter: int = 0
    name: str = ""


def disk_sentence(error: OSError) -> str:
    """Say what is wrong with the disk that runs are kept on, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Free some space, then start again."
    return f"The folder of the runs cannot be written: {error.strerror or error}."


def thinned(steps: Sequence[StepStats]) -> tuple[StepStats, ...]:
    """Return every second step, counted from the last, which stays."""
    return tuple(steps[len(steps) % 2 == 0 :: 2])
