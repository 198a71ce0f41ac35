"""The Python face of the text as tokens, tinted by how much each surprised the model."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypedDict

from pages.components.element import element
from pages.components.percent import percent

Kind = Literal["prompt", "start", "drawn", "chosen", "next"]
# Surprise is tinted from 0 bits to this many, about the surprise of an even guess among 4,096.
FULL_TINT_BITS = 12.0
_FULL_TINT = 55.0
MOST_SHOWN = 320
_CAME = {
    "drawn": "drawn",
    "chosen": "chosen by you",
    "prompt": "from your text",
    "start": "the start token",
}


class Piece(NamedTuple):
    """Describe one token of the text.

    Args:
        label: As it is written on the screen.
        kind: How it came here.
        bits: −log2 of the probability it had; None where nothing predicted it.
    """

    label: str
    kind: Kind
    bits: float | None


class _Chip(TypedDict):
    position: int
    label: str
    kind: str
    bits_text: str
    heat: float
    spoken: str


def chips(pieces: Sequence[Piece]) -> list[_Chip]:
    """Describe the last tokens of the text and, after them, the one to come."""
    first = max(0, len(pieces) - MOST_SHOWN)
    shown = [_chip(position, pieces[position]) for position in range(first, len(pieces))]
    return [*shown, _next_chip(len(pieces))]


def _chip(position: int, piece: Piece) -> _Chip:
    if piece.bits is None:
        spoken = f"{piece.label}: {_CAME[piece.kind]}; nothing stands before it to predict it"
        bits_text, heat = "", 0.0
    else:
        share = percent(2**-piece.bits)
        spoken = f"{piece.label}: {_CAME[piece.kind]}, had {share}, {piece.bits:.2f} bits"
        bits_text = f"{piece.bits:.1f}"
        heat = _FULL_TINT * min(piece.bits / FULL_TINT_BITS, 1.0)
    return {
        "position": position,
        "label": piece.label,
        "kind": piece.kind,
        "bits_text": bits_text,
        "heat": heat,
        "spoken": spoken,
    }


def _next_chip(position: int) -> _Chip:
    return {
        "position": position,
        "label": "next ?",
        "kind": "next",
        "bits_text": "",
        "heat": 0.0,
        "spoken": "what comes next",
    }


def passage(
    pieces: Sequence[Piece],
    *,
    position: int,
    key: str,
    is_tinted: bool,
    on_looked: Callable[[], None],
) -> None:
    """Draw the text; a press on a token sends its position as `looked`.

    Args:
        pieces: The tokens, the start token included.
        position: The token whose prediction is looked at; `len(pieces)` is the one to come.
        key: The element's key.
        is_tinted: Whether the tint shows the surprise.
        on_looked: Called, before the run, at a press.
    """
    element("passage", "saving")(
        key=key,
        data={
            "tokens": chips(pieces),
            "position": position,
            "is_tinted": is_tinted,
            "follows_end": position == len(pieces),
        },
        on_looked_change=on_looked,
    )
