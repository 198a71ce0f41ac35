"""The parts of the residual page: the stream's picture, the lens, the ledger, what to try."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from model import arithmetic
from model.sampling import SamplingSettings, distribution
from model.terms import Derived
from model.trace import Array, Silenced, Trace
from pages.components.bars import Ranking, bar_state, next_token_bars
from pages.components.lens import lens_columns, lens_grid, stage_names
from pages.components.stream import stream_picture
from pages.components.vectors import vector_rows
from pages.parts import session
from pages.parts.byhand import by_hand
from pages.parts.derived import derived
from pages.parts.explain import Try

if TYPE_CHECKING:
    from model.lens import Addition, Lens

SILENCE_KEY = "silence_stream"
FEED_FORWARD = "feed-forward layer"


def labels(trace: Trace) -> list[str]:
    """Return what each token of the text is called."""
    return [session.cutter().label(token_id) for token_id in trace.tokens.ids]


def measured(trace: Trace, position: int) -> "tuple[Addition, ...]":
    """Return the additions of all blocks to one token's vector, measured."""
    from model.lens import additions

    return derived(trace, ("additions", position), lambda: additions(trace, position))


def stream(trace: Trace) -> None:
    """Draw the chosen token's stream through all blocks."""
    chosen = session.selection()
    steps = measured(trace, chosen.query)
    stream_picture(
        [tuple(step[2:]) for step in steps],
        key="stream",
        title=f"Residual stream of {labels(trace)[chosen.query]}",
        block=chosen.block,
        on_block_change=lambda: session.select(block=session.element_state("stream", "block")),
    )


def two_additions(trace: Trace) -> None:
    """Draw the chosen block's five vectors of the chosen token, below each other."""
    chosen = session.selection()
    block, q = trace.blocks[chosen.block], chosen.query
    rows = [block.resid_pre, block.attn_out, block.resid_mid, block.mlp_out, block.resid_post]
    vector_rows(
        key="two-additions",
        labels=addition_labels(chosen.block),
        values=np.stack([row[q] for row in rows]),
        row=session.kept("addition_row"),
        column=chosen.dim,
        title=f"The two additions of block {chosen.block + 1}",
        on_cell_change=_choose_dimension,
    )


def addition_labels(block: int) -> list[str]:
    """Name the five vectors of a block, in the order in which they come to be."""
    return ["comes in", "+ attention", "= between", "+ feed-forward", f"= after block {block + 1}"]


def addition_by_hand(trace: Trace) -> None:
    """Work the number out that was clicked in the two additions, once one was."""
    row = session.kept("addition_row")
    if row is None:
        return
    found = derivation(trace, int(row))
    by_hand(found.term, model_value=found.model_value)


def derivation(trace: Trace, row: int) -> Derived:
    """Return the calculation of one number of a row of `addition_labels`."""
    chosen, learned = session.selection(), session.parameters()
    block, position, dim = chosen.block, chosen.query, chosen.dim
    if row == 0 and block == 0:
        return arithmetic.input_entry(trace, position=position, dim=dim)
    if row == 0:
        return arithmetic.resid_post_entry(trace, block=block - 1, position=position, dim=dim)
    if row == 1:
        return arithmetic.attn_out_entry(trace, learned, block=block, position=position, dim=dim)
    if row == 3:
        return arithmetic.mlp_out_entry(trace, learned, block=block, position=position, dim=dim)
    work_out = arithmetic.resid_mid_entry if row == 2 else arithmetic.resid_post_entry
    return work_out(trace, block=block, position=position, dim=dim)


def _choose_dimension() -> None:
    cell = session.element_state("two-additions", "cell")
    if cell:
        session.keep("addition_row", int(cell[0]))
        session.select(dim=int(cell[1]))


def sizes(trace: Trace) -> str:
    """Write this run's sizes, letter and number together."""
    config, T = trace.config, len(trace.tokens)
    return (
        f"T = {T} tokens · d_model = {config.d_model} · n_layer = {config.n_layer} blocks · "
        f"the stream: {T} × {config.d_model} numbers · {2 * config.n_layer} additions · "
        f"{config.parameters.block:,} parameters a block, none in the additions"
    )


def lens(trace: Trace) -> None:
    """Draw the logit lens, and the bars of the cell that is chosen."""
    from model.lens import lens_logits

    model, config, position = session.model(), trace.config, session.selection().query
    columns = lens_columns(config, len(trace.tokens), position)
    row = session.choice("lens", config.n_layer + 1)
    row = config.n_layer if row is None else row
    lens_grid(
        read_lens(trace, columns),
        key="lens-grid",
        labels=labels(trace),
        label=session.cutter().label,
        row=row,
        position=position,
        vocab_size=config.vocab_size,
        on_cell_change=_choose_cell,
    )
    if len(columns) < len(trace.tokens):
        st.caption(
            f"Tokens {columns[0]} to {columns[-1]} of {len(trace.tokens)}: the others of this "
            "large model are read when you choose one of them in your text."
        )
    logits = derived(
        trace, ("lens", row, position), lambda: lens_logits(model, trace, row, position)
    )
    _cell_bars(logits, stage_names(config.n_layer)[row], position)


def lengths(trace: Trace) -> NDArray[np.float64]:
    """Return the length of every token's vector at each stage, `(2 · n_layer + 1, T)`."""
    from model.lens import stream_lengths

    return derived(trace, "lengths", lambda: stream_lengths(trace))


def lens_here(trace: Trace) -> "Lens":
    """Return the lens over the positions that the grid shows."""
    position = session.selection().query
    return read_lens(trace, lens_columns(trace.config, len(trace.tokens), position))


def read_lens(trace: Trace, columns: range) -> "Lens":
    """Return the lens over these positions."""
    from model.lens import logit_lens

    model = session.model()
    return derived(trace, ("lens", columns), lambda: logit_lens(model, trace, columns))


def _choose_cell() -> None:
    cell = session.element_state("lens-grid", "cell")
    if cell:
        session.select(lens=int(cell[0]), query=int(cell[1]))


def _cell_bars(logits: Array, stage: str, position: int) -> None:
    last = stage_names(session.config().n_layer)[-1]
    addition = ", the last: what the model really says" if stage == last else ""
    st.markdown(f"**Position {position}, read after {stage}{addition}**")
    state = session.element_state
    next_token_bars(
        Ranking(distribution(logits, SamplingSettings())),
        session.cutter(),
        key="lens-bars",
        at=f"{stage} {position}",
        state=bar_state(state("lens-bars", "shown"), state("lens-bars", "search")),
        can_choose=False,
    )


def silence_options() -> dict[str, Silenced]:
    """Return what can be silenced around the chosen block."""
    chosen = session.selection()
    return {
        "attention": Silenced("attention", chosen.block),
        FEED_FORWARD: Silenced("mlp", chosen.block),
        "the chosen head": Silenced("head", chosen.block, chosen.head),
        "all positions": Silenced("positions"),
    }


def silence_caption() -> str:
    """Write which block and head the buttons mean."""
    chosen = session.selection()
    return f"Of block {chosen.block + 1}; the chosen head is head {chosen.head + 1}."


def things_to_try(trace: Trace) -> list[Try]:
    """Return three things to do, two of them found in this run's numbers."""
    position = session.selection().query
    steps = measured(trace, position)
    turned = min(steps, key=lambda step: step.cosine)
    part = "attention" if turned.part == "attention" else "the feed-forward layer"
    second = int(np.argsort(-trace.logits[position], kind="stable")[1])
    return [
        Try(
            f"Go to the block that turns this token most: block {turned.block + 1}",
            lambda: session.select(block=turned.block),
            f"There, {part} leaves a cosine of only {turned.cosine:.2f} to what came in.",
        ),
        Try(
            "Explain the runner-up",
            lambda: session.select(explain=second),
            "The ledger then books the second-likeliest token: which bars are shorter now?",
        ),
        Try(
            "Silence the first feed-forward layer",
            _silence_first,
            "At the end of this page: every later block reads a stream it was not trained on.",
        ),
    ]


def _silence_first() -> None:
    session.select(block=0)
    session.set_widget(SILENCE_KEY, FEED_FORWARD)
