"""The Python face of the stages as aligned columns: logits to probabilities, token by token.

Above, the whole vocabulary at a glance in bands of ranks; below, any part of it row by row.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import NamedTuple, TypedDict

import numpy as np

from model.sampling import SamplingSettings
from pages.components.bars import Labels, Ranking, searched
from pages.components.element import element
from pages.components.percent import count, percent, signed, tokens

N_ROWS = 10
N_BANDS = 20
_STAGES = ("temperature 0", "top-k", "top-p", "min-p")


class Band(TypedDict):
    """Describe the tokens of some ranks: one bar a column, for the likeliest of them."""

    ranks: str
    widths: list[float]
    is_removed: list[bool]


class Line(TypedDict):
    """Describe one token across all columns."""

    id: int
    rank: str
    label: str
    cells: list[str]
    is_removed: list[bool]
    is_picked: bool


class ColumnState(NamedTuple):
    """Say which rank the rows begin at (0 is the likeliest) and what is searched for."""

    first: int = 0
    query: str = ""


class Picked(NamedTuple):
    """Name the number whose arithmetic is open.

    Args:
        id: Its token.
        is_logit: Whether it is the logit itself, not what the stages made of it.
    """

    id: int
    is_logit: bool


def picked_number(token_id: int | None, column: int | None, ranking: Ranking) -> Picked:
    """Return the number of a token and a column; the likeliest token's probability if none."""
    if token_id is None or token_id >= len(ranking.order):
        return Picked(int(ranking.order[0]), is_logit=False)
    return Picked(token_id, is_logit=column == 0)


def pressed(sent: object) -> tuple[int, int] | None:
    """Read which token and column were pressed; none where it is no number of the picture."""
    if not isinstance(sent, Mapping):
        return None
    token_id, column = sent.get("id"), sent.get("column")
    if isinstance(token_id, int) and isinstance(column, int):
        return token_id, column
    return None


def column_state(first: object, search: object, vocab_size: int) -> ColumnState:
    """Read what the element sent, brought within bounds."""
    number = first if isinstance(first, int) else 0
    query = search[:40] if isinstance(search, str) else ""
    return ColumnState(max(0, min(number, vocab_size - N_ROWS)), query)


def heads(ranking: Ranking, settings: SamplingSettings) -> list[tuple[str, str]]:
    """Return each column's name and, under it, how many tokens are left."""
    found = ranking.found
    top_k = f"top-k {settings.top_k}" if settings.top_k else "top-k off"
    top_p = "top-p off" if settings.top_p == 1 else f"top-p {settings.top_p:g}"
    min_p = f"min-p {settings.min_p:g}" if settings.min_p else "min-p off"
    n_scaled = int(np.count_nonzero(found.scaled > -np.inf))
    return [
        ("logit", tokens(len(found.logits))),
        (f"÷ temperature {settings.temperature:g}", tokens(n_scaled)),
        (top_k, f"{count(found.after_top_k.count)} left"),
        (top_p, f"{count(found.after_top_p.count)} left"),
        (min_p, f"{count(found.after_min_p.count)} left"),
        ("softmax", "adds up to 100 %"),
    ]


def _removed_from(ranking: Ranking, token_id: int) -> list[bool]:
    """Say for each of the six columns whether the token is out by then."""
    stage = ranking.removed_by(token_id)
    first = 1 + _STAGES.index(stage) if stage else 6
    return [column >= first for column in range(6)]


def line(ranking: Ranking, token_id: int, labels: Labels, *, picked: int | None) -> Line:
    """Describe one token's values in the six columns; "–" where it is out."""
    found = ranking.found
    scaled = signed(float(found.scaled[token_id]), digits=4)
    values = [signed(float(found.logits[token_id]), digits=4), scaled, scaled, scaled, scaled]
    is_removed = _removed_from(ranking, token_id)
    cells = ["–" if out else value for value, out in zip(values, is_removed, strict=False)]
    return {
        "id": token_id,
        "rank": count(int(ranking.rank[token_id])),
        "label": labels.label(token_id),
        "cells": [*cells, ranking.probability_text(token_id)],
        "is_removed": is_removed,
        "is_picked": token_id == picked,
    }


def bands(ranking: Ranking) -> list[Band]:
    """Cut the ranks into bands that grow, the first ones single tokens, and sum each up."""
    n_all = len(ranking.order)
    starts = np.unique(np.geomspace(1, n_all + 1, N_BANDS + 1).astype(int))
    return [_band(ranking, int(first), int(end)) for first, end in pairwise(starts)]


def _band(ranking: Ranking, first: int, end: int) -> Band:
    """Describe ranks `first` to `end` − 1; its bars are those of rank `first`."""
    found, token_id = ranking.found, int(ranking.order[first - 1])
    row = np.asarray(found.logits, dtype=np.float64)
    spread = float(row.max() - row.min()) or 1.0
    height = 100 * float(row[token_id] - row.min()) / spread
    share = 100 * float(found.probs[token_id] / found.probs.max())
    is_removed = _removed_from(ranking, token_id)
    # Dividing by the temperature stretches the logits and leaves their picture as it was.
    widths = [0.0 if out else height for out in is_removed[:5]]
    ranks = count(first) if end == first + 1 else f"{count(first)} – {count(end - 1)}"
    return {"ranks": ranks, "widths": [*widths, share], "is_removed": is_removed}


def stage_columns(
    ranking: Ranking,
    settings: SamplingSettings,
    labels: Labels,
    *,
    key: str,
    title: str,
    state: ColumnState,
    picked: Picked,
    on_picked: Callable[[], None],
    on_state: Callable[[], None],
) -> None:
    """Draw the columns; a press on a number sends `picked` (see `picked_number`).

    Args:
        ranking: One position's tokens in order, with their stages.
        settings: What the stages were run with.
        labels: What the tokens are called.
        key: The element's key.
        title: Stands on the saved picture.
        state: Where the rows begin and what is searched for.
        picked: The number whose arithmetic is open.
        on_picked: Called, before the run, at a press.
        on_state: Called when the rows begin elsewhere, or another text is searched for.
    """
    n_all = len(ranking.order)
    hits = searched(state.query, ranking, labels)
    ids = [int(i) for i in ranking.order[state.first : state.first + N_ROWS]]
    last = min(state.first + N_ROWS, n_all)
    element("columns", "saving")(
        key=key,
        data={
            "title": title,
            "heads": heads(ranking, settings),
            "bands": bands(ranking),
            "lines": [line(ranking, i, labels, picked=picked.id) for i in ids],
            "hits": [line(ranking, i, labels, picked=picked.id) for i in hits],
            "where": f"ranks {count(state.first + 1)} – {count(last)} of {count(n_all)}",
            "first": state.first,
            "n_rows": N_ROWS,
            "n_all": n_all,
            "query": state.query,
            "is_logit": picked.is_logit,
            "mass": percent(ranking.found.after_min_p.mass, is_exact=ranking.n_kept == n_all),
        },
        on_picked_change=on_picked,
        on_first_change=on_state,
        on_search_change=on_state,
    )
