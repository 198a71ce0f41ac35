"""The tokenizer's x-ray: a text as characters, bytes, tokens and ids at any vocabulary size.

The text is cut in the browser (`assets/components/xray/`, with the tokenizer that the element
`vocabulary` publishes), so that the slider follows the hand.
"""

from collections.abc import Callable

from model.tokenizer import tail, valid_unicode
from pages.components.element import element

MOST_CHARACTERS = 1200
# Bytes alone with the start token, and GPT-2's: the ends of the slider.
SMALLEST, LARGEST = 257, 50257


def xray(
    *,
    key: str,
    text: str,
    vocab_size: int,
    has_start: bool,
    ids: tuple[int, ...] | None = None,
    size: int,
    on_size_change: Callable[[], None],
    on_character_change: Callable[[], None],
) -> None:
    """Draw the last `MOST_CHARACTERS` characters of a text, cut at any vocabulary size.

    The element's state "size" is the size that was chosen last; its trigger "character" the place,
    in the text that is drawn, of a character whose word the visitor chose.

    Args:
        key: Names the element and its state.
        text: What is cut; `vocabulary` must stand on the same page.
        vocab_size: The model's own, marked on the slider.
        has_start: Whether the start token is drawn at position 0.
        ids: The exact tokens of `text` at the model's size, where a fresh cut may give others.
        size: The vocabulary size to show.
        on_size_change: Called when the slider rests at another one.
        on_character_change: Called after a click.
    """
    drawn = drawn_text(text)
    is_tail = len(drawn) < len(valid_unicode(text))
    element("xray", "saving", "labels")(
        key=key,
        data={
            "text": drawn,
            "is_tail": is_tail,
            "ids": None if ids is None or is_tail else list(ids),
            "vocab_size": vocab_size,
            "has_start": has_start,
            "size": size,
        },
        on_size_change=on_size_change,
        on_character_change=on_character_change,
    )


def drawn_text(text: str) -> str:
    """Return the part of a text that is drawn."""
    return tail(valid_unicode(text), MOST_CHARACTERS)
