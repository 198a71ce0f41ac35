"""What the LayerNorm page looks at: one token's numbers on their way through one norm."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from model.trace import Array, BlockTrace, NormTrace, Trace
from pages.parts.tables import csv_text


class Point(NamedTuple):
    """Give one token's numbers, `(d_model,)`, at one point of the way, and the point's name."""

    name: str
    numbers: Array


@dataclass(frozen=True, eq=False)
class Microscope:
    """Hold one token's numbers on their way through one norm.

    Args:
        norm: Name of the norm, as `model.norms` gives it.
        position: Of the token.
        dim: The chosen dimension.
        read: `(T, d_model)`, what the norm read.
        left: What it left behind.
        gamma: `(d_model,)`, all ones where γ is left out.
        beta: `(d_model,)`, all zeros where β is left out.
        has_gamma: Whether γ is the learned one.
        has_beta: Whether β is the learned one.
    """

    norm: str
    position: int
    dim: int
    read: Array
    left: NormTrace
    gamma: Array
    beta: Array
    has_gamma: bool
    has_beta: bool

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.has_gamma and self.has_beta

    @property
    def out(self) -> Array:
        """`(T, d_model)`, the norm's output with the γ and β that are left."""
        return self.left.out if self.is_whole else self.left.normalized * self.gamma + self.beta


def spoken_name(norm: str) -> str:
    """Return what a norm is called on the screen, its block counted from 1: "ln_2 of block 1"."""
    if norm == "ln_f":
        return norm
    _, block, name = norm.split(".")
    return f"{name} of block {int(block) + 1}"


def points(seen: Microscope) -> list[Point]:
    """Return the token's numbers before, normalized, and after γ and β."""
    left_out = [name for name, has in (("γ", seen.has_gamma), ("β", seen.has_beta)) if not has]
    after = f"after, without {' and '.join(left_out)}" if left_out else "after γ and β: the output"
    ways = (
        ("before: x, as it came in", seen.read),
        ("normalized: x̂, mean 0 and spread 1", seen.left.normalized),
        (after, seen.out),
    )
    return [Point(name, values[seen.position]) for name, values in ways]


def told(seen: Microscope) -> str:
    """Say the picture in words, for those who do not see it."""
    said = [
        f"{row.name}: mean {row.numbers.mean():.3f}, spread {row.numbers.std():.3f}, "
        f"from {row.numbers.min():.3f} to {row.numbers.max():.3f}, "
        f"dimension {seen.dim} is {row.numbers[seen.dim]:.4f}"
        for row in points(seen)
    ]
    return "Three histograms. " + ". ".join(said) + "."


def norm_names(n_layer: int) -> list[str]:
    """Return what the norms are called in a picture of all of them, in the order they run."""
    blocks = range(1, n_layer + 1)
    return [*(f"{block} · {name}" for block in blocks for name in ("ln_1", "ln_2")), "ln_f"]


def all_spreads(blocks: Iterable[BlockTrace], last: NormTrace) -> Array:
    """Return what each norm divides each token by, `(2 · n_layer + 1, T)`."""
    stds = [norm.std for block in blocks for norm in (block.ln_1, block.ln_2)]
    return np.stack([*stds, last.std])


def told_spreads(names: list[str], stds: Array) -> str:
    """Say the bars in words."""
    said = (f"{name}: {std:.3f}" for name, std in zip(names, stds, strict=True))
    return f"What each norm divides this token's vector by. {', '.join(said)}."


def index(seen: Microscope, trace: Trace) -> int:
    """Return the place of the chosen norm in the order in which norms run."""
    if seen.norm == "ln_f":
        return 2 * len(trace.blocks)
    _, block, name = seen.norm.split(".")
    return 2 * int(block) + (name == "ln_2")


def table(seen: Microscope) -> str:
    """Return the token's numbers as CSV, a dimension a line."""
    at = seen.position
    columns = (seen.read[at], seen.left.normalized[at], seen.gamma, seen.beta, seen.out[at])
    rows = enumerate(zip(*columns, strict=True))
    return csv_text(
        ["dimension", "x", "normalized", "gamma", "beta", "out"],
        ((dim, *numbers) for dim, numbers in rows),
    )
