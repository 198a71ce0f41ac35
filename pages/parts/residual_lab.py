"""The parts of the residual page: the stream's picture, the lens, the ledger, what to try."""

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from model import arithmetic
from model.sampling import SamplingSettings, distribution
from model.terms import Derived
from model.trace import Array, Silenced, Trace
from pages.components.bars import Ranking, bar_state, chosen_id, next_token_bars
from pages.components.lens import lens_columns, lens_grid, stage_names
from pages.components.percent import tokens as n_tokens
from pages.components.stream import stream_picture
from pages.components.vectors import vector_rows
from pages.parts import session
from pages.parts.byhand import by_hand, is_offered
from pages.parts.derived import derived
from pages.parts.explain import Try
from pages.parts.opened import open_panel, opened, opened_index
from pages.parts.progress import each_block
from pages.parts.tables import save_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.lens import Addition, Lens

SILENCE_KEY = "silence_stream"
FEED_FORWARD = "feed-forward layer"
# The numbers of an addition that can be pressed, and how many vectors a block has.
_KINDS = ("before", "added", "after", "cosine")
_N_ADDITION_ROWS = 5
LENS_NUMBERS = ("probability", "logit", "rank", "entropy of the cell, in bits")


def labels(trace: Trace) -> list[str]:
    """Return what each token of the text is called."""
    return [session.cutter().label(token_id) for token_id in trace.tokens.ids]


def measured(trace: Trace, position: int) -> "tuple[Addition, ...]":
    """Return the additions of all blocks to one token's vector, measured."""
    from model.lens import additions

    blocks = each_block(trace, "Following the stream")
    return derived(trace, ("additions", position), lambda: additions(blocks, position))


def stream(trace: Trace) -> None:
    """Draw the chosen token's stream through all blocks."""
    chosen = session.selection()
    steps = measured(trace, chosen.query)
    stream_picture(
        [tuple(step[2:]) for step in steps],
        key="stream",
        title=f"Residual stream of {labels(trace)[chosen.query]}",
        block=chosen.block,
        number=_opened_number(),
        on_block_change=lambda: session.select(block=session.element_state("stream", "block")),
        on_number_change=_choose_number,
    )
    _number_by_hand(trace, steps)


def _choose_number() -> None:
    sent = session.element_state("stream", "number")
    if sent and 0 <= int(sent[0]) < 2 * session.config().n_layer:
        open_panel("stream", int(sent[0]), str(sent[1]))
        session.select(block=int(sent[0]) // 2)


def _number_by_hand(trace: Trace, steps: "tuple[Addition, ...]") -> None:
    """Work the length or cosine out that was pressed in the stream, once one was."""
    number = _opened_number()
    if number:
        found = stream_derivation(trace, steps[number[0]], number[1])
        by_hand(found.term, model_value=found.model_value, key="by-hand-stream")


def _opened_number() -> tuple[int, str] | None:
    """Return which addition of the stream, and which of its numbers, was pressed last."""
    fields = opened("stream") or ()
    addition = opened_index("stream", 2 * session.config().n_layer)
    if addition is None or len(fields) != 2 or fields[1] not in _KINDS:
        return None
    return addition, fields[1]


def stream_derivation(trace: Trace, step: "Addition", kind: str) -> Derived:
    """Return the calculation of one number of an addition: a length, or the cosine."""
    block, q = trace.blocks[step.block], session.selection().query
    if step.part == "attention":
        rows, name = (block.resid_pre, block.attn_out, block.resid_mid), "attention"
    else:
        rows, name = (block.resid_mid, block.mlp_out, block.resid_post), "the feed-forward layer"
    before, added, after = (row[q] for row in rows)
    place = f"{name} of block {step.block + 1}"
    if kind == "added":
        return arithmetic.length(f"what {place} adds", added, model_value=step.added)
    if kind == "before":
        return arithmetic.length(f"the vector before {place}", before, model_value=step.before)
    if kind == "after":
        return arithmetic.length(f"the vector after {place}", after, model_value=step.after)
    return arithmetic.cosine(
        f"cosine of the vector before and after {place}",
        ("the vector before", before),
        ("the vector after", after),
        model_value=step.cosine,
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
        row=opened_index("addition", _N_ADDITION_ROWS),
        column=chosen.dim,
        title=f"The two additions of block {chosen.block + 1}",
        on_cell_change=_choose_dimension,
    )


def addition_labels(block: int) -> list[str]:
    """Name the five vectors of a block, in the order in which they come to be."""
    return ["comes in", "+ attention", "= between", "+ feed-forward", f"= after block {block + 1}"]


def addition_by_hand(trace: Trace) -> None:
    """Work the number out that was clicked in the two additions, once one was."""
    row = opened_index("addition", _N_ADDITION_ROWS)
    if row is None:
        return
    found = derivation(trace, row)
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
        open_panel("addition", int(cell[0]))
        session.select(dim=int(cell[1]))


def sizes(trace: Trace) -> str:
    """Write this run's sizes, letter and number together."""
    config, T = trace.config, len(trace.tokens)
    return (
        f"T = {n_tokens(T)} · d_model = {config.d_model} · n_layer = {config.n_layer} blocks · "
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
    _cell_bars(trace, logits, row, position)


def lengths(trace: Trace) -> NDArray[np.float64]:
    """Return the length of every token's vector at each stage, `(2 · n_layer + 1, T)`."""
    from model.lens import stream_lengths

    return derived(trace, "lengths", lambda: stream_lengths(trace))


def save_lengths(trace: Trace) -> None:
    """Offer the lengths of every token's vector at each stage as a file."""
    names = ["input"] + [
        f"{block + 1} {part}"
        for block in range(trace.config.n_layer)
        for part in ("attention", "feed-forward")
    ]
    found, tokens = lengths(trace), labels(trace)
    save_numbers(
        "Save lengths",
        ["position", "token", *names],
        lambda: ((p, label, *found[:, p].tolist()) for p, label in enumerate(tokens)),
        name="stream-lengths",
    )


def save_ranks(trace: Trace) -> None:
    """Offer the rank of each token's final choice after each block as a file."""
    lens, tokens, label = lens_here(trace), labels(trace), session.cutter().label
    save_numbers(
        "Save ranks",
        ["position", "token", "final choice", *stage_names(trace.config.n_layer)],
        lambda: (
            (int(p), tokens[p], label(int(lens.followed[column])), *lens.ranks[:, column].tolist())
            for column, p in enumerate(lens.positions)
        ),
        name="lens-ranks",
    )


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


def _cell_bars(trace: Trace, logits: Array, row: int, position: int) -> None:
    stage = stage_names(trace.config.n_layer)[row]
    addition = ", the last: what the model really says" if row == trace.config.n_layer else ""
    st.markdown(f"**Position {position}, read after {stage}{addition}**")
    state, at = session.element_state, f"{stage} {position}"
    next_token_bars(
        Ranking(distribution(logits, SamplingSettings())),
        session.cutter(),
        key="lens-bars",
        at=at,
        state=bar_state(state("lens-bars", "shown"), state("lens-bars", "search")),
        is_plain=True,
        action="Work out by hand:",
        on_chosen=lambda: _choose_bar(at),
    )
    _bar_by_hand(trace, logits, row, position)


def _choose_bar(at: str) -> None:
    token_id = chosen_id(session.element_state("lens-bars", "chosen"), at, session.cutter())
    if token_id is not None:
        open_panel("lens", token_id)


def _bar_by_hand(trace: Trace, logits: Array, row: int, position: int) -> None:
    """Work a number of the pressed bar out, once one was pressed."""
    if not is_offered():
        return
    token_id = opened_index("lens", len(logits))
    if token_id is None:
        st.caption("Press a bar to work its numbers out by hand.")
        return
    number = st.segmented_control(
        "Number to work out",
        LENS_NUMBERS,
        default=LENS_NUMBERS[0],
        required=True,
        key="lens_number",
        bind="query-params",
    )
    number = number if number in LENS_NUMBERS else LENS_NUMBERS[0]
    found = lens_derivation(trace, logits, number, row, position, token_id)
    by_hand(found.term, model_value=found.model_value, key="by-hand-lens")


def lens_derivation(
    trace: Trace, logits: Array, number: str, row: int, position: int, token_id: int
) -> Derived:
    """Return the calculation of one of `LENS_NUMBERS` of one token in one cell of the lens."""
    label = session.cutter().label
    if number == "logit":
        return arithmetic.lens_logit(
            trace,
            session.parameters(),
            stage=row,
            position=position,
            token_id=token_id,
            label=label(token_id),
            model_value=float(logits[token_id]),
        )
    if number == "rank":
        return arithmetic.rank(logits, token_id=token_id, label=label)
    found = distribution(logits, SamplingSettings())
    if number == "probability":
        return arithmetic.probability(found, temperature=1.0, token_id=token_id, label=label)
    lens = lens_here(trace)
    nats = float(lens.entropies[row, position - int(lens.positions[0])])
    return arithmetic.entropy(found.probs, model_value=nats / math.log(2), label=label)


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
    second = int(np.argsort(-trace.logits[position], kind="stable")[1])
    return [
        _go_to_another_block(measured(trace, position), session.selection().block),
        Try(
            "Explain the runner-up",
            lambda: session.select(explain=second),
            "The ledger then books the second-likeliest token: which bars are shorter now?",
            shows="explain-token",
        ),
        Try(
            "Silence the first feed-forward layer",
            _silence_first,
            "At the end of this page: every later block reads a stream it was not trained on.",
            shows=SILENCE_KEY,
        ),
    ]


def _go_to_another_block(steps: "Sequence[Addition]", here: int) -> Try:
    """Offer the block that turns the vector most; from there, the one that adds the least."""
    turned = min(steps, key=lambda step: step.cosine)
    part = "attention" if turned.part == "attention" else "the feed-forward layer"
    if turned.block != here:
        return Try(
            f"Go to the block that turns this token most: block {turned.block + 1}",
            partial(session.select, block=turned.block),
            f"There, {part} leaves a cosine of only {turned.cosine:.2f} to what came in.",
            shows="stream",
        )
    others = [step for step in steps if step.block != here]
    if not others:
        return Try(
            "Follow the first token",
            partial(session.select, query=0),
            "It has only itself to look at: see how much less attention adds to it.",
            shows="stream",
        )
    least = min(others, key=lambda step: step.added / step.before if step.before else 0.0)
    name = "attention" if least.part == "attention" else "the feed-forward layer"
    return Try(
        f"You are where it turns most. Go where least is added: block {least.block + 1}",
        partial(session.select, block=least.block),
        f"There, {name} adds a vector of length {least.added:.2f} to one of {least.before:.2f}.",
        shows="stream",
    )


def _silence_first() -> None:
    session.select(block=0)
    session.set_widget(SILENCE_KEY, FEED_FORWARD)
