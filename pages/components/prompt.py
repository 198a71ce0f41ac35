"""The prompt box on top of every page, and the vocabulary that lets the browser cut its text.

The text is cut in the browser at every key press, by `assets/components/shared/bpe.js`; Python
hears of it when it settles. Which tokens the model reads is decided in `pages/parts/session.py`.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypedDict

import streamlit as st

from model.tokenizer import VOCAB_FILE, valid_unicode
from pages.components.element import element


class _Typed(TypedDict):
    """What the browser sends: a text, and how many texts it has sent so far."""

    text: str
    serial: int


def vocabulary(*, key: str = "vocabulary") -> None:
    """Send GPT-2's merges to the browser, once a page load, and show nothing.

    Every element of the page then finds `globalThis.glassboxTokenizer` (assets/components/
    vocabulary/index.js), in whichever order they are mounted.
    """
    element("vocabulary", "bpe", "labels")(key=key, data=_merges())


def prompt_box(
    *,
    key: str,
    text: str,
    vocab_size: int,
    block_size: int,
    has_start: bool,
    ids: tuple[int, ...] | None,
    focus: int | None,
    on_text_change: Callable[[str], None],
    on_token_change: Callable[[int], None],
) -> None:
    """Show the visitor's text and its token pieces; `vocabulary` must stand on the same page.

    Args:
        key: One for the whole session, so that pages share the box.
        text: What the box shows, unless the visitor has typed something newer.
        vocab_size: Cuts like `model.tokenizer.Tokenizer(vocab_size)`.
        block_size: The context's length in tokens, the start token included.
        has_start: Put `<|endoftext|>` in front of the text. It falls out of the context first.
        ids: The exact tokens of `text`, without the start token, where they may differ from a
            fresh cut, as after generation.
        focus: The position of the query, outlined; counted among the tokens that are read.
        on_text_change: Hears the text when it has changed and settled.
        on_token_change: Hears the position that was chosen as the query.
    """
    element("prompt")(
        key=key,
        data={
            "text": valid_unicode(text),
            "vocab_size": vocab_size,
            "block_size": block_size,
            "has_start": has_start,
            "ids": None if ids is None else list(ids),
            "focus": focus,
            "heard": _typed(key)["serial"],
        },
        on_text_change=lambda: on_text_change(_typed(key)["text"]),
        on_token_change=lambda: on_token_change(int(st.session_state[key]["token"])),
    )


def _typed(key: str) -> _Typed:
    """Return what the box last sent; it keeps that itself, under its own key."""
    state = st.session_state.get(key) or {}
    return state.get("text") or _Typed(text="", serial=0)


@lru_cache(maxsize=1)
def _merges() -> bytes:
    return VOCAB_FILE.read_bytes()
