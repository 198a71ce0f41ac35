"""The output page's numbers as files: every stage of every token, and how the text came about."""

import numpy as np
import streamlit as st

from pages.components.bars import Ranking
from pages.parts import generating, guessing, next_token, session
from pages.parts.next_token import View
from pages.parts.tables import csv_text, save_table

_STAGES = ("logit", "scaled", "after top-k", "after top-p", "after min-p", "probability")


def take_away(view: View) -> None:
    """Offer both tables, unless the bars wait for a guess."""
    if guessing.is_hidden(view.looked):
        return
    with st.container(horizontal=True):
        save_table(
            "Save every stage of every token",
            lambda: stages_table(view.ranking),
            name=f"stages-position-{view.looked.position}",
        )
        save_table("Save the text with its surprise", text_table, name="text")


def stages_table(ranking: Ranking) -> str:
    """Write each token of the vocabulary, the likeliest first; a removed value is left empty."""
    found, label = ranking.found, session.cutter().label
    stages = (found.after_top_k, found.after_top_p, found.after_min_p)
    rows = (
        (
            rank,
            token_id,
            label(token_id),
            found.logits[token_id],
            _shown(float(found.scaled[token_id])),
            *(_shown(float(found.scaled[token_id])) if s.kept[token_id] else "" for s in stages),
            found.probs[token_id],
        )
        for rank, token_id in enumerate(ranking.order.tolist(), start=1)
    )
    return csv_text(("rank", "id", "token", *_STAGES), rows)


def _shown(value: float) -> float | str:
    return value if np.isfinite(value) else ""


def text_table() -> str:
    """Write each token of the text: how it came, its surprise, the number that drew it."""
    tokens, steps = session.tokens(), generating.joined()
    pieces = next_token.pieces(None)
    rows = []
    for position, (token_id, piece) in enumerate(zip(tokens.ids, pieces, strict=True)):
        step = steps.get(position)
        share, u = (step.share, step.u) if step else (None, None)
        rows.append((position, token_id, piece.label, piece.kind, piece.bits, share, u))
    names = ("position", "id", "token", "came", "bits", "probability when it was taken", "u")
    return csv_text(names, rows)
