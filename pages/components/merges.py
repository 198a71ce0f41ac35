"""One word's byte-pair merges in slow motion; drawn by `assets/components/merges/`."""

from typing import Any

from model.bpe import MergeStep, merge_steps, piece_ids, single_bytes, unions
from model.tokenizer import piece_label
from pages.components.element import element

# A longer word is shown up to here: the picture's columns are bytes.
MOST_BYTES = 48


def merges(*, key: str, word: str, vocab_size: int) -> None:
    """Draw how a word's bytes are joined, as far as GPT-2 goes; the model's own end is marked.

    Args:
        key: Names the element.
        word: One part of `model.bpe.words`, at most `MOST_BYTES` bytes.
        vocab_size: The model's own.
    """
    element("merges", "saving")(key=key, data=merge_data(word, vocab_size))


def merge_data(word: str, vocab_size: int) -> dict[str, Any]:
    """Return every row of the picture.

    `states` has the pieces before the first merge and after each: label, bytes, id. `unions` has,
    for the same states, the id of each pair of neighbours joined, or −1.
    """
    steps = merge_steps(word)
    states = [single_bytes(word), *(step.after for step in steps)]
    return {
        "word": word,
        "shown": piece_label(word.encode()),
        "vocab_size": vocab_size,
        "n_own": len(merge_steps(word, vocab_size)),
        "characters": [
            [piece_label(character.encode()), len(character.encode())] for character in word
        ],
        "bytes": [f"{byte[0]:02X}" for byte in states[0]],
        "steps": [_step(step) for step in steps],
        "states": [
            [[piece_label(piece), len(piece), piece_ids()[piece]] for piece in state]
            for state in states
        ],
        "unions": [[-1 if at is None else at for at in unions(state)] for state in states],
    }


def _step(step: MergeStep) -> dict[str, int]:
    return {"left": step.left, "id": step.id, "number": step.merge_number}


def shortened(word: str) -> str:
    """Return the whole characters of a word's first `MOST_BYTES` bytes."""
    return word.encode("utf-8")[:MOST_BYTES].decode("utf-8", "ignore")
