"""What goes into a training run and what comes out of it, as plain data: no torch here.

Recipe and constants: AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101); Muon for hidden matrices
(https://kellerjordan.github.io/posts/muon); warm-up, stable, decay (Hu et al. 2024, arXiv
2404.06395, §4).
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

Optimizer = Literal["adamw", "muon"]
Schedule = Literal["constant", "cosine", "wsd"]
Precision = Literal["float32", "bfloat16"]

# What torch's generator takes.
HIGHEST_SEED = 2**63 - 1
_COUNTS = {"n_steps": 1, "batch_size": 1, "part_size": 0, "warmup_steps": 0, "seed": 0}


@dataclass(frozen=True)
class TrainConfig:
    """Hold everything that fixes a run besides the model's sizes and the text.

    Args:
        n_steps: Updates of the weights that are planned.
        batch_size: Texts in one step, each of the model's whole context.
        part_size: Texts worked on at once; 0 for the whole batch. Parts can be shared out
            to several threads, and take less memory.
        learning_rate: The peak, for AdamW: every parameter, or all but the hidden matrices.
        optimizer: "adamw" for everything, or "muon" for the hidden matrices and AdamW for the rest.
        muon_learning_rate: The peak for the hidden matrices under "muon".
        vector_share: Biases' and gains' part of `learning_rate`.
        weight_decay: Share taken off the matrices, times the learning rate, in each step.
        betas: AdamW's two memories.
        muon_momentum: Muon's memory.
        warmup_steps: Steps in which the rate climbs to its peak.
        schedule: "constant"; "cosine" down to the end; or "wsd", stable and then a straight decay.
        decay_share: The last part of the run, in which "wsd" decays.
        final_share: What is left of the peak at the end.
        clip_norm: The gradient's length is cut to this; 0 turns that off.
        precision: Of the matrix products; parameters and sums are float32 always.
        start_share: Share of texts that begin at a paragraph's start, after `<|endoftext|>`.
        seed: Draws the first weights, the texts and the dropout.

    Raises:
        ValueError: A value breaks a rule; the sentence names the rule and the value.
    """

    n_steps: int = 1000
    batch_size: int = 16
    part_size: int = 0
    learning_rate: float = 3e-3
    optimizer: Optimizer = "muon"
    muon_learning_rate: float = 0.02
    vector_share: float = 0.5
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    muon_momentum: float = 0.95
    warmup_steps: int = 50
    schedule: Schedule = "wsd"
    decay_share: float = 0.4
    final_share: float = 0.02
    clip_norm: float = 1.0
    precision: Precision = "float32"
    start_share: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "betas", tuple(self.betas))  # a list, where read from JSON
        self._check_counts()
        self._check_amounts()
        _check_choice("optimizer", self.optimizer, get_args(Optimizer))
        _check_choice("schedule", self.schedule, get_args(Schedule))
        _check_choice("precision", self.precision, get_args(Precision))

    def _check_counts(self) -> None:
        for name, least in _COUNTS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name}={value!r} is not a whole number of at least {least}")
        if self.seed > HIGHEST_SEED:
            raise ValueError(f"seed={self.seed} is above {HIGHEST_SEED:,}")

    def _check_amounts(self) -> None:
        for name in ("learning_rate", "muon_learning_rate", "weight_decay", "clip_norm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name}={value} is not a number of at least 0")
        for name in ("decay_share", "final_share", "start_share", "vector_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} is not between 0 and 1")
        for memory in (*self.betas, self.muon_momentum):
            if not 0 <= memory < 1:
                raise ValueError(f"a memory of {memory} is not in [0, 1)")


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name}={value!r} is not one of {', '.join(known)}")


@dataclass(frozen=True)
class StepStats:
    """Say what one step did.

    Args:
        step: Updates done so far, this one included.
        loss: Mean cross-entropy of the batch before the update, in nats a token.
        lr: The learning rate of this step.
        grad_norm: Length of the whole gradient, before it was cut.
        tokens: Tokens learnt from so far, this step's included.
        seconds: Wall time of the step; 0 from the engine, which knows no clock.
    """

    step: int
    loss: float
    lr: float
    grad_norm: float
    tokens: int
    seconds: float = 0.0


def learning_rate_share(config: TrainConfig, step: int, progress: float) -> float:
    """Return the part of the peak rate that a step gets, 0 to 1.

    Args:
        config: Its schedule and warm-up.
        step: Updates done before this one, since the warm-up began.
        progress: The part of the run that is over, 0 to 1, in steps or in time.
    """
    warm = min(1.0, (step + 1) / (config.warmup_steps + 1))
    if config.schedule == "constant":
        return warm
    if config.schedule == "cosine":
        left = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    else:
        decay = max(config.decay_share, 1e-9)
        left = min(1.0, max(0.0, (1 - progress) / decay))
    return warm * (config.final_share + (1 - config.final_share) * left)


def bits_per_byte(loss: float, n_token: int, n_byte: int) -> float:
    """Turn a mean loss in nats a token into bits a byte: loss · tokens / (bytes · ln 2)."""
    return loss * n_token / (n_byte * math.log(2))
