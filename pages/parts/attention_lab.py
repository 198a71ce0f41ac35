"""The parts of the attention page: its controls, its numbers in words, its experiments."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from model.arithmetic import (
    attention_weight,
    attn_out_entry,
    head_contribution,
    later_weight,
    mean_evenness,
    mean_later,
    mean_own,
    mean_previous,
    qkv_entry,
    row_sum,
    score,
    z_entry,
)
from model.patterns import evenness, later_share, own_share, previous_share, row_differences
from model.terms import Derived
from model.tokenizer import Tokens
from model.trace import Array, Silenced, Trace
from pages.components.attention import MapValues
from pages.components.heads import thumbnail_size, thumbnails
from pages.components.percent import percent
from pages.components.percent import tokens as n_tokens
from pages.components.proof import proof
from pages.components.vectors import VectorRole, vector_rows
from pages.parts import explain, pickers, session
from pages.parts.byhand import by_hand, is_offered
from pages.parts.derived import derived
from pages.parts.lead import to_by_hand
from pages.parts.progress import walk
from pages.parts.session import Selection
from pages.parts.silence import silence_panel
from pages.parts.token_choice import token_choice

MASK_OFF = Silenced("mask")
_VALUES: dict[str, MapValues] = {"weights": "weights", "scores": "scores"}
_PARTS: dict[str, VectorRole] = {"q": "query", "k": "key", "v": "value"}
_NUMBERS = {
    "weight": "weight",
    "score": "score",
    "q": "q",
    "k": "k",
    "v": "v",
    "z": "z",
    "part": "this head's part",
    "output": "attention's output",
    "row": "row sum",
    "previous": "mean: one token back",
    "own": "mean: its own token",
    "even": "mean: evenness",
}
# Only without the mask do later tokens get anything.
_LEAKS = {"later": "weight on later tokens", "later_mean": "its mean over the rows"}
BY_HAND = "by_hand"
_EXPERIMENTS = ("Silence a part", "Replace a later token")
# Where the token that was typed stands there already: the first of these that does not.
_OTHER_REPLACEMENTS = " cat dog"
# Title, meaning and key among `_NUMBERS` of each measure.
_STORIES = (
    ("One token back", "the weight on the token just before, on average,", "previous"),
    ("Its own token", "a token's weight on itself, on average,", "own"),
    ("Most even", "a row's entropy, as a share of the largest it could have, on average,", "even"),
)


class Overview(NamedTuple):
    """Hold what was seen in all heads of a trace.

    Args:
        pictures: `(n_layer, n_head, S, S)`, small pictures.
        measures: `(n_layer, len(_STORIES), n_head)`.
    """

    pictures: NDArray[np.uint8]
    measures: NDArray[np.float64]


def controls() -> tuple[bool, MapValues]:
    """Draw the pickers; return whether the mask is on, and which numbers the map shows."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="center", key="controls"):
        pickers.block_picker("pick-block")
        pickers.head_picker("pick-head")
        shown = st.segmented_control(
            "The map shows",
            list(_VALUES),
            default="weights",
            required=True,
            key="shows",
            bind="query-params",
            label_visibility="collapsed",
            width="content",
        )
        is_masked = st.toggle("Causal mask", value=True, key="mask", bind="query-params")
    return is_masked, _VALUES.get(str(shown), "weights")


def shown_trace(is_masked: bool) -> Trace:
    """Return the pass over the text, with the mask or without."""
    return session.trace(None if is_masked else MASK_OFF)


def choose_cell(key: str, *, is_score: bool = False) -> None:
    """Take over the cell that was clicked in an element; call it from a callback.

    Args:
        key: Of the element; a third number in its cell says that a map of scores was clicked.
        is_score: Whether its one map shows scores.
    """
    cell = session.element_state(key, "cell")
    if cell:
        number = "score" if is_score or any(cell[2:]) else "weight"
        session.select(query=int(cell[0]), token=int(cell[1]), by_hand=number)


def cell_by_hand(values: MapValues) -> None:
    """Offer the way from the map to the calculation of its chosen cell, and of its row's sum."""
    kind = "score" if values == "scores" else "weight"
    with st.container(horizontal=True, gap="medium"):
        for what, number in ((f"this {kind}", kind), ("its row's sum", "row")):
            to_by_hand(
                what,
                key=f"map-by-hand-{number}",
                act=partial(session.select, by_hand=number),
                target=BY_HAND,
            )


def choose_number(key: str) -> None:
    """Take over a number that was clicked in the steps; call it from a callback."""
    number = session.element_state(key, "number")
    if number:
        kind, head, dim = str(number[0]), int(number[1]), int(number[2])
        session.select(by_hand=kind, head=head, dim=dim)


def choose_head(key: str) -> None:
    """Take over the head that was clicked in an element; call it from a callback."""
    chosen = session.element_state(key, "head")
    if chosen:
        session.select(block=int(chosen[0]), head=int(chosen[1]))


def overview(trace: Trace) -> Overview:
    """Look at every head of every block once; show progress where that takes a while."""
    return derived(trace, "overview", lambda: _look_at_all(trace))


def _look_at_all(trace: Trace) -> Overview:
    from model.hooks import patterns

    is_causal = trace.silenced != MASK_OFF
    size = thumbnail_size(trace.config.n_layer, trace.config.n_head)
    pictures, measures = [], []
    for pattern in walk(trace, patterns(trace), "Working out all heads"):
        pictures.append(thumbnails(pattern, size))
        even = evenness(pattern, is_causal=is_causal)
        measures.append([previous_share(pattern), own_share(pattern), even])
    return Overview(np.stack(pictures), np.stack(measures))


def sizes(trace: Trace) -> str:
    """Write this run's sizes, letter and number together."""
    config, T = trace.config, len(trace.tokens)
    return (
        f"T = {n_tokens(T)} · d_model = {config.d_model} · n_head = {config.n_head} · "
        f"d_head = {config.d_head} · q, k, v: {T} × {config.d_head} each · map: {T} × {T} · "
        f"{config.parameters.attention:,} parameters a block"
    )


def formula(trace: Trace) -> None:
    """Draw the formula, its symbols in the picture's colours, with this run's d_head."""
    d_head = trace.config.d_head
    st.markdown(
        "#### In two lines\n\n"
        ":violet[**weights**] = softmax( :blue[**q**] · :orange[**k**] / √d_head + mask )\n\n"
        ":violet[**z**] = :violet[**weights**] × :green[**v**]\n\n"
        f"√d_head = √{d_head} = {np.sqrt(d_head):.4f}. Without the division, dot products grow "
        "with the length of the vectors and softmax would put nearly all weight on one key. "
        "The mask is 0 for a key that may be seen and −∞ for a later one; e to the power of "
        "−∞ is exactly 0."
    )


def things_to_try(trace: Trace) -> list[explain.Try]:
    """Return three heads worth a look in this text, each found by counting over all of them."""
    if len(trace.tokens) < 3:
        return [
            explain.Try(
                "Read a sentence instead",
                partial(session.set_text, session.FIRST_TEXT),
                "With three tokens or more, heads begin to differ: then this page finds some.",
                needs="prompt",
            )
        ]
    more = " Further down it is worked out by hand." if is_offered() else ""
    found = []
    for index, (words, meaning, number) in enumerate(_STORIES):
        scores = overview(trace).measures[:, index]
        block, head = map(int, np.unravel_index(scores.argmax(), scores.shape))
        share = percent(float(scores[block, head]))
        found.append(
            explain.Try(
                f"{words}: block {block + 1} · head {head + 1}",
                partial(session.select, block=block, head=head, by_hand=number),
                f"Here {meaning} is {share}, the largest of all {scores.size} heads.{more}",
                shows="map",
            )
        )
    return found


def attention_class(block: int) -> type:
    """Return the class whose code made the numbers, for showing its source."""
    return type(session.model().get_submodule(f"h.{block}.attn"))


def projection(block: int) -> Array:
    """Return c_proj's weight, `(d_model, d_model)`, output first."""
    return session.parameters()[f"h.{block}.attn.c_proj.weight"]


def vectors(trace: Trace, labels: Sequence[str]) -> None:
    """Draw the chosen head's q, k or v of every token beside the weights that made them."""
    chosen, config = session.selection(), trace.config
    st.markdown("### Where q, k and v come from\n\n" + explain.sections("attention")["Vectors"])
    name = st.segmented_control(
        "Vector",
        list(_PARTS),
        default="q",
        required=True,
        key="part",
        bind="query-params",
        label_visibility="collapsed",
    )
    part = str(name or "q")
    role = _PARTS[part]
    row = chosen.query if part == "q" else chosen.token
    dim = chosen.dim % config.d_head
    made, learned = st.columns(2, gap="large")
    with made:
        st.markdown(
            f"**{part} of every token**, computed: T × d_head = {len(labels)} × {config.d_head}"
        )
        vector_rows(
            key="made",
            labels=labels,
            values=getattr(trace.blocks[chosen.block], part)[chosen.head],
            row=row,
            column=dim,
            role=role,
            title=f"{part} in block {chosen.block + 1}, head {chosen.head + 1}",
            on_cell_change=lambda: choose_vector_cell("made", part),
        )
        to_by_hand(
            "this number",
            key="vector-by-hand",
            act=partial(session.select, by_hand=part),
            target=BY_HAND,
        )
    with learned:
        weights = head_weights(chosen.block, chosen.head, part)
        st.markdown(
            f"**W_{part}**, learned, the same for every token: "
            f"d_model × d_head = {config.d_model} × {config.d_head}"
        )
        vector_rows(
            key="learned",
            labels=[f"x[{index}]" for index in range(config.d_model)],
            values=weights,
            column=dim,
            role="weights",
            title=f"W_{part} in block {chosen.block + 1}, head {chosen.head + 1}",
            on_cell_change=lambda: session.select(
                dim=int(session.element_state("learned", "cell")[1])
            ),
        )


def head_weights(block: int, head: int, part: str) -> Array:
    """Return `(d_model, d_head)`: the columns that make one head's q, k or v from a vector."""
    config = session.config()
    first = "qkv".index(part) * config.d_model + head * config.d_head
    weight = session.parameters()[f"h.{block}.attn.c_attn.weight"]
    return np.ascontiguousarray(weight[first : first + config.d_head].T)


def choose_vector_cell(key: str, part: str) -> None:
    """Take over the token and the dimension that were clicked; call it from a callback."""
    cell = session.element_state(key, "cell")
    if cell:
        position = {"query" if part == "q" else "token": int(cell[0])}
        session.select(dim=int(cell[1]), by_hand=part, **position)


def work_out(trace: Trace) -> None:
    """Draw the calculation of the chosen number, beside the model's own value."""
    if not is_offered():
        return
    names = _NUMBERS | _LEAKS if trace.silenced == MASK_OFF else _NUMBERS
    kind = st.segmented_control(
        "Work out by hand",
        list(names),
        default="weight",
        required=True,
        key=BY_HAND,
        bind="query-params",
        format_func=names.__getitem__,
        wrap=True,
    )
    derived = number_of(trace, session.selection(), str(kind or "weight"))
    by_hand(derived.term, model_value=derived.model_value)


def number_of(trace: Trace, chosen: Selection, kind: str) -> Derived:
    """Work the chosen number of this page out; `kind` is a key of `_NUMBERS` or `_LEAKS`."""
    parameters, dim = session.parameters(), chosen.dim % trace.config.d_head
    place = {"block": chosen.block, "head": chosen.head}
    at_query = {**place, "position": chosen.query}
    derive: dict[str, Callable[[], Derived]] = {
        "weight": lambda: attention_weight(trace, **place, query=chosen.query, key=chosen.token),
        "score": lambda: score(trace, **place, query=chosen.query, key=chosen.token),
        "q": lambda: qkv_entry(trace, parameters, part="q", **at_query, dim=dim),
        "k": lambda: qkv_entry(
            trace, parameters, part="k", **place, position=chosen.token, dim=dim
        ),
        "v": lambda: qkv_entry(
            trace, parameters, part="v", **place, position=chosen.token, dim=dim
        ),
        "z": lambda: z_entry(trace, **at_query, dim=dim),
        "part": lambda: head_contribution(trace, parameters, **at_query, dim=chosen.dim),
        "output": lambda: attn_out_entry(
            trace, parameters, block=chosen.block, position=chosen.query, dim=chosen.dim
        ),
    } | _sums_and_means(trace, chosen)
    return derive[kind if kind in derive else "weight"]()


def _sums_and_means(trace: Trace, chosen: Selection) -> dict[str, Callable[[], Derived]]:
    """Return how each number that is added up over the chosen head's map is worked out."""
    block, head, query = chosen.block, chosen.head, chosen.query
    at, row = {"block": block, "head": head}, {"block": block, "head": head, "query": query}

    def told(index: int) -> float:
        return float(overview(trace).measures[block, index, head])

    def leak() -> NDArray[np.float64]:
        return later_share(trace.blocks[block].pattern[head])

    return {
        "row": lambda: row_sum(trace, **row),
        "later": lambda: later_weight(trace, **row, model_value=float(leak()[query])),
        "later_mean": lambda: mean_later(trace, **row, model_value=float(leak().mean())),
        "previous": lambda: mean_previous(trace, **at, model_value=told(0)),
        "own": lambda: mean_own(trace, **at, model_value=told(1)),
        "even": lambda: mean_evenness(trace, **row, model_value=told(2)),
    }


def mask_note(trace: Trace, chosen: Selection) -> None:
    """Say, with the mask off, how much weight now goes to later tokens, and what it does."""
    if trace.silenced != MASK_OFF:
        return
    pattern = trace.blocks[chosen.block].pattern[chosen.head]
    leak, T = later_share(pattern), len(trace.tokens)
    note = (
        f"The mask is off. In this head, row {chosen.query} puts "
        f"{percent(float(leak[chosen.query]), is_exact=True)} of its weight on tokens that come "
        f"after it; over all {T} rows the mean is {percent(float(leak.mean()))}. "
        + explain.sections("attention")["Mask"]
    )
    st.info(note.replace(" %", "\u00a0%"), icon=":material/visibility:")


def experiments(labels: Sequence[str]) -> None:
    """Draw the chosen experiment; only that one is worked out."""
    st.markdown("### Change something and compare")
    chosen = st.segmented_control(
        "Experiment",
        _EXPERIMENTS,
        default=_EXPERIMENTS[0],
        required=True,
        key="experiment",
        bind="query-params",
        label_visibility="collapsed",
    )
    if chosen == _EXPERIMENTS[1]:
        _replace(labels)
    else:
        _silence()


def _silence() -> None:
    chosen = session.selection()
    texts = explain.sections("attention")
    st.markdown(f"{texts['Silence']}\n\n{texts['Mask']}")
    token_choice(session.trace().logits[chosen.query], key="explained")
    st.caption(
        f"What could follow after position {chosen.query}, the chosen query; this head is block "
        f"{chosen.block + 1} · head {chosen.head + 1}."
    )
    silence_panel(
        {
            "this head": Silenced("head", chosen.block, chosen.head),
            "this block's attention": Silenced("attention", chosen.block),
            "the mask": MASK_OFF,
        },
        key="silence_attention",
    )


def _replace(labels: Sequence[str]) -> None:
    st.markdown(explain.sections("attention")["Proof"])
    if len(labels) < 2:
        st.info("This takes at least two tokens: type another word.")
        return
    position, replacement = _replacement_controls(len(labels))
    cutter, read = session.cutter(), session.tokens()
    other = Tokens(
        (*read.ids[:position], replacement, *read.ids[position + 1 :]),
        (*read.pieces[:position], cutter.piece(replacement), *read.pieces[position + 1 :]),
    )
    masked, unmasked = (
        row_differences(session.trace(silenced), session.trace(silenced, of=other))
        for silenced in (None, MASK_OFF)
    )
    proof(
        key="proof",
        labels=labels,
        replaced=position,
        replacement=cutter.label(replacement),
        masked=masked,
        unmasked=unmasked,
    )


def _replacement_controls(T: int) -> tuple[int, int]:
    """Return which position is replaced, and the id of the token that takes its place."""
    cutter, read = session.cutter(), session.tokens()
    left, right = st.columns([3, 2])
    with left:
        position = (
            st.slider(
                "Replace the token at position",
                1,
                T - 1,
                T - 1,
                key="replaced",
                bind="query-params",
            )
            if T > 2
            else 1
        )
    with right:
        typed = st.text_input(
            "by the first token of",
            " dog",
            key="replacement",
            max_chars=60,
            live="250ms",
            bind="query-params",
        )
    wanted = cutter.encode(typed or "").ids[:1] or (cutter.end_of_text_id,)
    others = cutter.encode(_OTHER_REPLACEMENTS).ids
    here = read.ids[int(position)]
    replacement = next(token_id for token_id in (*wanted, *others) if token_id != here)
    if replacement != wanted[0]:
        st.caption("That token stands there already, so another one takes its place.")
    return int(position), replacement
