"""Rows of chosen tokens, projected to the directions in which they differ most."""

from dataclasses import dataclass

import streamlit as st

from model.neighbours import Projection, project
from model.trace import Array
from pages.parts import session
from pages.parts.embedding_lab import token_rows
from pages.parts.kinds import MOST_SHOWN_FIRST, kind_ids
from pages.parts.numbers import percent
from pages.parts.once import once
from pages.parts.tables import save_numbers

OWN_KIND = "your text"


@dataclass(frozen=True, eq=False)
class Chosen:
    """Hold the tokens to project: ids, labels and kinds, one each."""

    ids: tuple[int, ...]
    labels: tuple[str, ...]
    kinds: tuple[str, ...]


def kind_picker() -> Chosen:
    """Let the visitor choose kinds of tokens; return their tokens, each once."""
    cutter = session.cutter()
    known = kind_ids(cutter) | {OWN_KIND: tuple(dict.fromkeys(session.tokens().ids))}
    kinds = st.multiselect(
        "Kinds of tokens",
        list(known),
        list(known)[:MOST_SHOWN_FIRST],
        key=f"kinds-{cutter.vocab_size}",
        bind="query-params",
    )
    by_id = {token_id: kind for kind in kinds for token_id in known[kind]}
    ids = tuple(by_id)
    return Chosen(ids, tuple(cutter.label(token_id) for token_id in ids), tuple(by_id.values()))


def projected(chosen: Chosen) -> Projection:
    """Turn the chosen rows so that the first directions show most of how they differ."""
    return once(_project, token_rows(), chosen.ids)


def _project(rows: Array, ids: tuple[int, ...]) -> Projection:
    return project(rows[list(ids)], 3)


def take_away(chosen: Chosen, projection: Projection) -> None:
    """Offer every point's place as a file."""
    names = ("id", "token", "kind", *(f"direction {at + 1}" for at in range(3)))
    points = projection.points.tolist()
    save_numbers(
        "Save numbers of the points",
        names,
        lambda: (
            (token_id, label, kind, *point)
            for token_id, label, kind, point in zip(
                chosen.ids, chosen.labels, chosen.kinds, points, strict=True
            )
        ),
        name="projection",
    )


def projection_words(projection: Projection, n_directions: int, n_tokens: int) -> str:
    """Say how much of the rows' differences the picture shows, and how much it hides."""
    share = float(projection.shares[:n_directions].sum())
    return (
        f"{n_tokens} rows of {session.config().d_model} numbers each, in {n_directions} "
        f"directions: the picture shows {percent(share)} of their variance and hides the rest. "
        "Two points that are close here may be far apart in the directions that are hidden."
    )
