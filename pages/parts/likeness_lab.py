"""Which rows of the token table are alike: nearest ones, two compared, three combined.

Cosines are of the rows themselves; no pass is needed for them. Random pairs are drawn with a fixed
seed, so that their cosines stay while a visitor looks.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import streamlit as st

from model.bpe import N_BYTES
from model.neighbours import (
    Baseline,
    Neighbour,
    RowSpace,
    cosine,
    nearest,
    random_pairs,
    row_space,
    with_all_others,
)
from model.trace import Array
from pages.components.ranking import RankedToken, ranking
from pages.components.token_table import token_table
from pages.parts import session
from pages.parts.embedding_lab import LookedUp, look_up, token_rows
from pages.parts.numbers import percent, signed
from pages.parts.once import once
from pages.parts.texts import as_text
from pages.parts.token_search import find

N_NEAREST = 10
N_COMBINED = 8
_SEED = 0
# Ids follow the order of the merges, so low ones are frequent pieces.
N_COMMON = 3000
FEWEST_COMMON = 50
WIDE_GAP = 0.2
# a − b + c; the first whose three words are whole tokens of the vocabulary is shown.
TRIPLES = (
    ("walked", "walk", "look"),
    ("bigger", "big", "small"),
    ("boy", "girl", "mother"),
    ('"B"', '"b"', '"c"'),
)
_PAIRS = (("boy", "girl"), ("father", "mother"), ("cat", "dog"), ('"a"', '"b"'))


def neighbours(shown: LookedUp) -> None:
    """Draw the nearest tokens by cosine, with the cosines of random pairs behind them."""
    st.subheader("Nearest tokens", anchor=False)
    is_centered = st.toggle(
        "Subtract the mean row first",
        key="is_centered",
        bind="query-params",
        help="The rows share a common direction; without it the cosines spread out.",
    )
    space = _space(is_centered=is_centered)
    found = nearest(space, space.rows[shown.id], count=N_NEAREST, excluded=(shown.id,))
    chance = with_all_others(space, space.rows[shown.id], excluded=(shown.id,))
    _ranked("nearest", f"Nearest to {shown.label}", found, chance)
    st.caption(_chance_words(space))


def _ranked(
    key: str,
    title: str,
    found: Sequence[Neighbour],
    baseline: Baseline,
    marks: dict[int, str] | None = None,
) -> None:
    cutter, ids = session.cutter(), session.tokens().ids
    lowest = min([baseline.low, *(row.cosine for row in found), 0.0])
    low = np.floor(lowest * 10) / 10
    ticks = [(low, signed(float(low), digits=1))] if low < -0.25 else []
    ranking(
        key=key,
        title=title,
        unit="cosine",
        rows=[
            RankedToken(
                row.id,
                cutter.label(row.id),
                row.cosine,
                signed(row.cosine, digits=3),
                mark=(marks or {}).get(row.id, ""),
                position=ids.index(row.id) if row.id in ids else None,
            )
            for row in found
        ],
        axis=(float(low), 1.0),
        ticks=[*ticks, (0.0, "0"), (1.0, "1")],
        band=(baseline.low, baseline.high),
        note=_baseline_words(baseline),
        on_token_change=lambda: _look_up_clicked(key),
    )


def _look_up_clicked(key: str) -> None:
    token_id = session.element_state(key, "token")
    if token_id is not None:
        look_up(int(token_id))


def _baseline_words(baseline: Baseline) -> str:
    low, high, mean = map(signed, (baseline.low, baseline.high, baseline.mean))
    return (
        f"With all other tokens the cosine is {mean} on average; nine of ten lie between {low} "
        f"and {high}."
    )


def _space(*, is_centered: bool = False) -> RowSpace:
    return once(_seen_from_mean if is_centered else row_space, token_rows())


def _seen_from_mean(rows: Array) -> RowSpace:
    return row_space(rows, is_centered=True)


@lru_cache(maxsize=8)
def _any_pairs(space: RowSpace) -> Baseline:
    return random_pairs(space, np.random.default_rng(_SEED))


def _common_ids(space: RowSpace) -> str:
    """Name the early merges: ids after the single bytes, up to a bound."""
    return f"ids {N_BYTES} to {min(N_COMMON, len(space.rows) - 1) - 1:,}"


@lru_cache(maxsize=8)
def _common_pairs(space: RowSpace) -> Baseline | None:
    """Measure pairs of early merges, which are frequent pieces; none in a small vocabulary."""
    common = range(N_BYTES, min(N_COMMON, len(space.rows) - 1))
    if len(common) < FEWEST_COMMON:
        return None
    return random_pairs(space, np.random.default_rng(_SEED), ids=common)


def _chance_words(space: RowSpace) -> str:
    pairs, common = _any_pairs(space), _common_pairs(space)
    words = f"Chance: two tokens drawn at random have a cosine of {signed(pairs.mean)} on average"
    if common is None:
        return (
            f"{words}, nine of ten pairs lie between {signed(pairs.low)} and {signed(pairs.high)}."
        )
    gap = pairs.high - common.high
    why = (
        " Pairs with rarer tokens make up the difference: many of their rows lie close together."
        if gap > WIDE_GAP
        else ""
    )
    return (
        f"{words} (nine of ten between {signed(pairs.low)} and {signed(pairs.high)}); two of the "
        f"{_common_ids(space)}, which are frequent pieces, {signed(common.mean)} (between "
        f"{signed(common.low)} and {signed(common.high)}).{why}"
    )


# ---- two compared


def comparison() -> None:
    """Let the visitor put two rows beside each other."""
    st.subheader("Two tokens compared", anchor=False)
    first_words, second_words = _first_whole(_PAIRS)
    left, right = st.columns(2)
    with left:
        first = _token_input("One", "compare_a", first_words)
    with right:
        second = _token_input("The other", "compare_b", second_words)
    if first is None or second is None:
        return
    space, cutter = _space(), session.cutter()
    rows = space.rows[[first, second]]
    token_table(
        key="compared",
        title="Two tokens",
        columns=("token", "id", "length of its row"),
        rows=[
            ([(cutter.label(token_id), place)], f"{token_id:,}", f"{np.linalg.norm(row):.3f}")
            for place, (token_id, row) in enumerate(zip((first, second), rows, strict=True))
        ],
    )
    st.markdown(_comparison_words(space, first, second))


def _comparison_words(space: RowSpace, first: int, second: int) -> str:
    a, b = space.rows[[first, second]].astype(np.float64)
    product, lengths = float(a @ b), (float(np.linalg.norm(a)), float(np.linalg.norm(b)))
    alike = cosine(space, first, second)
    share, common = _any_pairs(space).share_below(alike), _common_pairs(space)
    seen_from_mean = cosine(_space(is_centered=True), first, second)
    among_common = (
        f", and {percent(common.share_below(alike))} of pairs among the {_common_ids(space)}"
        if common
        else ""
    )
    return (
        f"Dot product {signed(product, digits=4)}, divided by both lengths ({lengths[0]:.4f} · "
        f"{lengths[1]:.4f}): cosine **{signed(alike, digits=4)}**. Less alike than these two: "
        f"{percent(share)} of random pairs{among_common}. With the mean row subtracted from both: "
        f"{signed(seen_from_mean, digits=4)}."
    )


def _token_input(label: str, key: str, value: str) -> int | None:
    """Let the visitor type one token; return the one that is meant, if there is one."""
    typed = st.text_input(label, value, key=key, max_chars=40, live="250ms", bind="query-params")
    cutter = session.cutter()
    found = find(typed, cutter)
    if found:
        st.caption(f"{as_text(cutter.label(found[0]))} · id {found[0]:,}")
        return found[0]
    pieces = " + ".join(as_text(cutter.label(i)) for i in cutter.encode(f" {typed}").ids)
    st.caption(
        f"No token of this vocabulary: it is cut into {pieces}." if typed else "Type a word."
    )
    return None


def _first_whole(choices: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the first choice whose words are all whole tokens; the last if none is."""
    cutter = session.cutter()
    sizes = (
        (
            words,
            [cutter.encode(f" {word}" if word[0] != '"' else word.strip('"')) for word in words],
        )
        for words in choices
    )
    return next((words for words, cut in sizes if all(len(one) == 1 for one in cut)), choices[-1])


# ---- three combined


def arithmetic() -> None:
    """Let the visitor add and subtract rows, with the inputs left out of the answer and named."""
    st.subheader("a − b + c", anchor=False)
    defaults = _first_whole(TRIPLES)
    columns = st.columns(3)
    names = (("a", "arithmetic_a"), ("− b", "arithmetic_b"), ("+ c", "arithmetic_c"))
    ids: list[int | None] = []
    for column, (label, key), default in zip(columns, names, defaults, strict=True):
        with column:
            ids.append(_token_input(label, key, default))
    chosen = [token_id for token_id in ids if token_id is not None]
    if len(chosen) < 3:
        return
    with_inputs = st.toggle("Leave the inputs in", key="with_inputs", bind="query-params")
    space = _space()
    a, b, c = space.rows[chosen]
    target = a - b + c
    everything = nearest(space, target, count=N_COMBINED + len(chosen))
    found = [row for row in everything if with_inputs or row.id not in chosen][:N_COMBINED]
    marks = {token_id: f"input {name}" for token_id, name in zip(chosen, "abc", strict=True)}
    _ranked("arithmetic", "Nearest to a − b + c", found, with_all_others(space, target), marks)
    st.markdown(_inputs_words(everything[0].id, marks))


def _inputs_words(first: int, marks: dict[int, str]) -> str:
    if first in marks:
        return (
            f"The three inputs are left out unless you ask for them: the nearest row of all is "
            f"**{marks[first]}** itself. The famous examples of this arithmetic hide that."
        )
    return (
        "The three inputs are left out unless you ask for them. Here that makes no difference to "
        "the first place; most often the nearest row of all is an input itself."
    )
