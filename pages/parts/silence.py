"""Run the text again without one part of the model, and compare: the same panel on every page."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import streamlit as st

from model.sampling import softmax
from model.trace import Array, Silenced
from pages.components.compare import compare_bars
from pages.parts import session
from pages.parts.numbers import percent
from pages.parts.token_choice import explained_token


class Standing(NamedTuple):
    """Say how one token stands in a row of logits: its logit, probability (0 to 1) and rank."""

    logit: float
    probability: float
    rank: int


def silence_panel(options: Mapping[str, Silenced], *, key: str) -> None:
    """Let one part be silenced; show the next token's bars and one chosen logit before and after.

    The next token is that after the selected query, the logit that of the token being explained.

    Args:
        options: What the buttons say, no visitor's text, and the part each silences.
        key: Names the widgets; the chosen option is under `key` itself, and in the link.
    """
    names = list(options)
    name = st.segmented_control(
        "Part to silence",
        names,
        default=names[0],
        required=True,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )
    name = name if name in options else names[0]
    position, cutter = session.selection().query, session.cutter()
    before = session.trace().logits[position]
    after = session.trace(options[name]).logits[position]
    compare_bars(
        key=f"{key}-bars",
        before=before,
        after=after,
        label=cutter.label,
        changed=f"without {name}",
    )
    token_id = explained_token(before)
    st.text(
        chosen_logit(cutter.label(token_id), standing(before, token_id), standing(after, token_id))
    )


def standing(logits: Array, token_id: int) -> Standing:
    """Return how one token stands in a row of logits `(vocab_size,)`."""
    probability = float(softmax(logits)[token_id])
    rank = 1 + int(np.count_nonzero(logits > logits[token_id]))
    return Standing(float(logits[token_id]), probability, rank)


def chosen_logit(label: str, before: Standing, after: Standing) -> str:
    """Write what happened to one token."""
    change = f"{after.logit - before.logit:+.3f}".replace("-", "−")
    logits = f"{before.logit:.3f} → {after.logit:.3f}".replace("-", "−")
    probabilities = f"{percent(before.probability)} → {percent(after.probability)}"
    ranks = f"{before.rank:,} → {after.rank:,}"
    return f"{label}  logit {logits} ({change})  ·  probability {probabilities}  ·  rank {ranks}"
