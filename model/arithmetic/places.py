"""What every calculation needs to know of a pass: its tokens, and what it ran without."""

from collections.abc import Mapping

from model.tokenizer import END_OF_TEXT, piece_label
from model.trace import Array, Silenced, Trace

Parameters = Mapping[str, Array]


def label_of(trace: Trace, position: int) -> str:
    """Return the token at `position` as the screen writes it."""
    piece = trace.tokens.pieces[position]
    return piece_label(piece) if piece else END_OF_TEXT


def is_silenced(trace: Trace, kind: str, block: int = 0, index: int = 0) -> bool:
    """Say whether the pass ran without this very part."""
    part: Silenced | None = trace.silenced
    if part is None or part.kind != kind:
        return False
    if kind in ("positions", "mask"):
        return True
    return part.block == block and (kind in ("attention", "mlp") or part.index == index)
