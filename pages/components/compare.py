"""Two next-token distributions side by side: the original, and one with something changed.

Drawn by `assets/components/compare/`; every number there can be pressed.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, TypedDict, cast, get_args

import numpy as np

from model.sampling import softmax
from model.trace import Array
from pages.components.element import element
from pages.components.percent import count, percent

SHOWN = 8

Number = Literal["probability", "logit", "rank", "distance"]
Side = Literal["before", "after", "change"]


class Change(NamedTuple):
    """Give one token's logit and probability before and after a change."""

    id: int
    before: float
    after: float
    logit_before: float
    logit_after: float


class Standing(NamedTuple):
    """Say how one token stands in a row of logits: its logit, probability (0 to 1) and rank."""

    logit: float
    probability: float
    rank: int


class Pressed(NamedTuple):
    """Name one number of the comparison: what it is, of which pass, and of which token."""

    number: Number
    side: Side
    id: int


class Part(TypedDict):
    """Carry a stretch of a sentence, and what a press on it names: number and side."""

    text: str
    press: list[str]


def compare_bars(
    *,
    key: str,
    before: Array,
    after: Array,
    label: Callable[[int], str],
    changed: str,
    explained: int,
    pressed: Pressed | None,
    on_pressed: Callable[[], None],
) -> None:
    """Draw the likeliest tokens of two rows of logits, a pair of bars each.

    Args:
        key: Names the element and its trigger "pressed" (see `pressed_number`).
        before: `(vocab_size,)` logits of the original pass.
        after: `(vocab_size,)` logits of the other.
        label: What a token is called.
        changed: What is different in the other pass: "without this head".
        explained: The id of the token whose standing is told in a line below.
        pressed: The number whose calculation is open.
        on_pressed: Called, before the run, when a number or a bar is pressed.
    """
    element("compare", "canvas")(
        key=key,
        data={
            "changed": changed,
            "rows": [
                {
                    "id": row.id,
                    "label": label(row.id),
                    "before": row.before,
                    "after": row.after,
                    "texts": [percent(row.before), percent(row.after)],
                    "logits": [f"{row.logit_before:.3f}", f"{row.logit_after:.3f}"],
                    "moved": moved_text(row.logit_before, row.logit_after),
                }
                for row in changes(before, after)
            ],
            "divergence": f"{divergence(before, after):.4f}",
            "explained": explained,
            "line": standing_line(
                label(explained), standing(before, explained), standing(after, explained)
            ),
            "pressed": list(pressed) if pressed else None,
        },
        on_pressed_change=on_pressed,
    )


def changes(before: Array, after: Array, shown: int = SHOWN) -> list[Change]:
    """Return the tokens that are among the `shown` likeliest in either row, likeliest first."""
    p, other = softmax(before), softmax(after)
    best = set(np.argsort(-p)[:shown]) | set(np.argsort(-other)[:shown])
    ids = sorted(map(int, best), key=lambda token_id: -p[token_id])
    return [Change(i, float(p[i]), float(other[i]), float(before[i]), float(after[i])) for i in ids]


def divergence(before: Array, after: Array) -> float:
    """Return Σ p · ln(p / p'), the Kullback-Leibler divergence in nats: 0 where nothing moved."""
    p, other = softmax(before), softmax(after)
    is_there = p > 0
    with np.errstate(divide="ignore"):
        return float((p[is_there] * (np.log(p[is_there]) - np.log(other[is_there]))).sum())


def standing(logits: Array, token_id: int) -> Standing:
    """Return how one token stands in a row of logits `(vocab_size,)`."""
    probability = float(softmax(logits)[token_id])
    rank = 1 + int(np.count_nonzero(logits > logits[token_id]))
    return Standing(float(logits[token_id]), probability, rank)


def standing_line(label: str, before: Standing, after: Standing) -> list[Part]:
    """Write what happened to one token, in stretches: a number that can be pressed names itself."""
    logits = _pair("logit", f"{before.logit:.3f}", f"{after.logit:.3f}")
    moved = _part(moved_text(before.logit, after.logit), "logit", "change")
    shares = _pair("probability", percent(before.probability), percent(after.probability))
    ranks = _pair("rank", count(before.rank), count(after.rank))
    return [_part(label), *logits, _part(" ("), moved, _part(")"), *shares, *ranks]


def moved_text(before: float, after: float) -> str:
    """Write by how much a logit moved: "0" where it did not, else signed with three decimals.

    It is worked out from the unrounded logits; the difference of two rounded ones can be off by one
    in the last digit.
    """
    return f"{after - before:+.3f}" if after != before else "0"


def _pair(number: Number, before: str, after: str) -> list[Part]:
    name = _part(f"  {number} " if number == "logit" else f"  ·  {number} ")
    return [name, _part(before, number, "before"), _part(" → "), _part(after, number, "after")]


def _part(text: str, *press: str) -> Part:
    # A label is shown as it is; only numbers get a real minus.
    return {"text": text.replace("-", "−") if press else text, "press": list(press)}


def pressed_number(sent: object, vocab_size: int) -> Pressed | None:
    """Read which number was pressed; none if nothing was, or nothing that is there."""
    if not isinstance(sent, Mapping):
        return None
    number, side, token_id = (sent.get(name) for name in ("number", "side", "id"))
    is_token = isinstance(token_id, int) and 0 <= token_id < vocab_size
    if number not in get_args(Number) or side not in get_args(Side) or not is_token:
        return None
    return Pressed(cast("Number", number), cast("Side", side), cast("int", token_id))
