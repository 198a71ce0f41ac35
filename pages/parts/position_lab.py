"""The position page's table: whole, this prompt's rows, the sum with the token's row, its shape."""

from collections.abc import Callable
from functools import partial

import numpy as np
import streamlit as st

from model.arithmetic import input_entry
from model.neighbours import Projection, cosine_matrix, project
from model.positions import N_DIRECTIONS, PositionFacts, position_facts
from model.trace import Array
from pages.components.matrix import Axis, matrix
from pages.components.vectors import vector_rows
from pages.parts import explain, session
from pages.parts.byhand import by_hand
from pages.parts.numbers import percent, signed
from pages.parts.once import once
from pages.parts.tables import save_numbers
from pages.parts.texts import as_text

PICTURE_HEIGHT = 300
TWO_CATS = "The cat saw the other cat"
ORDERS = "The dog bit the man"


def position_rows() -> Array:
    """Return `(block_size, d_model)`, the learned table."""
    return session.parameters()["wpe.weight"]


def labels() -> list[str]:
    """Return each token of the text with its position in front, so that no two are equal."""
    cutter = session.cutter()
    return [f"{place} {cutter.label(i)}" for place, i in enumerate(session.tokens().ids)]


def table_picture() -> None:
    """Draw the whole table, the prompt's rows marked."""
    rows, chosen = position_rows(), session.selection()
    matrix(
        key="wpe",
        title="Position embedding",
        values=rows,
        rows=Axis("position"),
        columns=Axis("dimension"),
        is_learned=True,
        row_height=max(PICTURE_HEIGHT / len(rows), 0.3),
        lit_rows=(0, len(session.tokens())),
        selected=(chosen.query, chosen.dim),
        on_cell_change=partial(_choose, "wpe"),
    )
    st.caption(
        f"The learned table, `wpe`, whole: {len(rows):,} rows (one a position, block_size), "
        f"{rows.shape[1]} columns (d_model). The bars at its sides mark the "
        f"{len(session.tokens())} rows your text uses; the outlined one is of the chosen token."
    )


def _choose(key: str) -> None:
    """Take up a clicked position, if the text has it, and dimension."""
    cell = session.element_state(key, "cell")
    if cell:
        session.select(query=min(int(cell[0]), len(session.tokens()) - 1), dim=int(cell[1]))


def prompt_rows() -> None:
    """Draw the rows that this text uses."""
    chosen = session.selection()
    vector_rows(
        key="prompt-rows",
        labels=labels(),
        values=position_rows()[: len(session.tokens())],
        row=chosen.query,
        column=chosen.dim,
        role="weights",
        title="Position rows of this text",
        on_cell_change=partial(_choose, "prompt-rows"),
    )


def addition() -> None:
    """Draw token row, position row and their sum, on one scale."""
    trace, chosen = session.trace(), session.selection()
    query = chosen.query
    name = session.cutter().label(trace.tokens.ids[query])
    parts = [trace.tok_embed[query], trace.pos_embed[query], trace.blocks[0].resid_pre[query]]
    st.subheader("Token + position = input", anchor=False)
    vector_rows(
        key="addition",
        labels=[f"token {name}", f"position {query}", "input, the sum"],
        values=np.stack(parts),
        row=2,
        column=chosen.dim,
        title="Token and position added",
        on_cell_change=_choose_dim,
    )
    lengths = [float(np.linalg.norm(part)) for part in parts]
    st.markdown(
        f"The row of {as_text(name)} has length {lengths[0]:.3f}, that of position {query} "
        f"{lengths[1]:.3f}, their sum {lengths[2]:.3f}. This sum is what enters block 1."
    )


def _choose_dim() -> None:
    cell = session.element_state("addition", "cell")
    if cell:
        session.select(dim=int(cell[1]))


def sum_by_hand() -> None:
    """Work the chosen number of the input out."""
    chosen = session.selection()
    found = input_entry(session.trace(), position=chosen.query, dim=chosen.dim)
    by_hand(found.term, model_value=found.model_value)


def curves() -> Projection:
    """See all position rows along the directions in which they differ most."""
    return once(_along_three, position_rows())


def _along_three(rows: Array) -> Projection:
    return project(rows, N_DIRECTIONS)


def facts() -> PositionFacts:
    """Measure the table."""
    return once(position_facts, position_rows())


def take_away(found: PositionFacts) -> None:
    """Offer what both curves' pictures draw as a file."""
    points = curves().points.tolist()
    save_numbers(
        "Save numbers of both pictures",
        ("position", "length", *(f"direction {at + 1}" for at in range(N_DIRECTIONS))),
        lambda: (
            (position, length, *point)
            for position, (length, point) in enumerate(
                zip(found.lengths.tolist(), points, strict=True)
            )
        ),
        name="position-rows",
    )


def similarity() -> None:
    """Draw the cosine of every position's row with every other's."""
    alike, query = once(cosine_matrix, position_rows()), session.selection().query
    matrix(
        key="similarity",
        title="Cosine of position rows",
        values=alike,
        rows=Axis("position"),
        columns=Axis("position"),
        is_square=True,
        limit=1,
        decimals=2,
        lit_rows=(0, len(session.tokens())),
        selected=(query, min(query + 1, len(alike) - 1)),
        hint="Point at a cell: two positions and how alike their rows are.",
    )
    st.caption(
        "How alike the rows of two positions are, as a cosine. The diagonal is each row with "
        "itself, 1. A band along it means that near positions have like rows; blocks mean regions."
    )


def facts_in_words(found: PositionFacts) -> None:
    """Say what was measured on this table, and what it shows of training, or does not yet."""
    middle = len(found.lengths) // 2
    first, half, last = (float(found.lengths[place]) for place in (0, middle, -1))
    shape = (
        "Training has laid the rows along a few curves, which the lower picture shows."
        if found.has_shape
        else "That is about what chance gives: training has made no common shape of them yet."
    )
    nearness = (
        "Near positions have become alike."
        if found.has_nearness
        else "Nearness has left hardly a trace."
    )
    st.markdown(
        f"- **Directions.** Three of {session.config().d_model} directions hold "
        f"{percent(found.share)} of the variance of all rows; in a fresh random table of this "
        f"shape they hold {percent(found.fresh_share)}. {shape}\n"
        f"- **Lengths.** A fresh row, drawn with deviation 0.02, has length "
        f"{found.fresh_length:.2f}. Here it is {first:.2f} at position 0, {half:.2f} at position "
        f"{middle} and {last:.2f} at the last. {_length_words(found)}\n"
        f"- **Nearness.** Rows next to each other have a mean cosine of {signed(found.near)}, rows "
        f"half the table apart {signed(found.far)}. {nearness}"
    )


def _length_words(facts: PositionFacts) -> str:
    typical, first = float(np.median(facts.lengths)), float(facts.lengths[0])
    grown = typical / facts.fresh_length
    words = (
        f"The typical row is {grown:.1f} times as long as a fresh one."
        if not 0.8 < grown < 1.25
        else "The typical row is about as long as it began."
    )
    return f"{words} The first stands out." if first > 1.5 * typical else words


def things_to_try() -> None:
    """Offer one token at two places, two orders of the same words, a pass without positions."""
    explain.tries(
        "position",
        explain.Try(
            "One token, two places",
            partial(_take, TWO_CATS),
            "Click the row of the first ␣cat and then that of the second: below, the token's row "
            "stays, the position's row and the sum change.",
            shows="prompt-rows",
            needs="prompt",
        ),
        explain.Try(
            "Who bit whom",
            partial(_swap_dog_and_man),
            "Under “Swap two tokens”: the same tokens, another order, other numbers from the first "
            "swapped place on.",
            shows="swap_a_picker",
            needs="prompt",
        ),
        explain.Try(
            "Leave the position rows out",
            lambda: session.set_widget("without_positions", True),
            "Under “Swap two tokens”: how much does order still matter?",
            shows="without_positions",
        ),
    )


def _take(text: str) -> None:
    session.set_text(text)
    session.select(query=session.LAST)


def _swap_dog_and_man() -> None:
    session.set_text(ORDERS)
    start, length = int(session.has_start()), len(session.cutter().encode(ORDERS))
    session.select(swap_a=start + 1, swap_b=start + length - 1)


def embed_method() -> Callable[..., object]:
    """Return what added the rows: the model's own method."""
    return type(session.model()).embed


def shapes() -> str:
    """Return this run's sizes, a line each."""
    config, T = session.config(), len(session.tokens())
    lines = (
        f"wpe: (block_size, d_model) = ({config.block_size:,}, {config.d_model})",
        f"pos_embed = wpe[0 .. {T - 1}]: (T, d_model) = ({T}, {config.d_model})",
        f"input = tok_embed + pos_embed: ({T}, {config.d_model})",
    )
    return "\n".join(lines)
