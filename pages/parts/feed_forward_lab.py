"""The parts of the feed-forward page: the widening, the curve, the calculations, what to try."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import streamlit as st

from model import arithmetic
from model.terms import Derived
from model.trace import Array, Silenced, Trace
from pages.components.bend import activated, activation_curve
from pages.components.percent import tokens as n_tokens
from pages.components.widening import widening
from pages.parts import session
from pages.parts.byhand import by_hand, is_offered
from pages.parts.derived import derived
from pages.parts.explain import Try
from pages.parts.lead import to_by_hand
from pages.parts.neurons_lab import chosen_neuron
from pages.parts.tables import save_numbers

SILENCE_KEY = "silence_neurons"
CURVE_KEY = "curve"
WHOLE_LAYER = "the whole layer"
BY_HAND_KEY = "strip"
STRIPS = ("input", "before the curve", "after the curve", "output")
OWN, WHAT_IF = "GELU, as the model has it", "ReLU, a what-if"


class WhatIf(NamedTuple):
    """Compare one layer's output with GELU, as it ran, and with ReLU on the same numbers.

    Args:
        own_length: Of the output vector that was recorded.
        other_length: Of the one that ReLU gives.
        cosine: Between the two.
        n_zero: How many neurons ReLU leaves at exactly 0.
    """

    own_length: float
    other_length: float
    cosine: float
    n_zero: int


def token_label(trace: Trace) -> str:
    """Return what the chosen token is called."""
    return session.cutter().label(trace.tokens.ids[session.selection().query])


def there_and_back(trace: Trace) -> None:
    """Draw the chosen token's way through the chosen block's layer."""
    chosen = session.selection()
    block, q = trace.blocks[chosen.block], chosen.query
    widening(
        (block.ln_2.out[q], block.mlp_pre[q], block.mlp_post[q], block.mlp_out[q]),
        key="widening",
        title=f"Feed-forward layer of block {chosen.block + 1}",
        neuron=chosen_neuron(trace),
        on_cell=_choose_cell,
    )


def _choose_cell() -> None:
    """Take over the number that was pressed in one of the four strips."""
    cell = session.element_state("widening", "cell")
    if not cell:
        return
    strip, index = int(cell[0]), int(cell[1])
    session.select(**{"neuron" if strip in (1, 2) else "dim": index})
    session.set_widget(BY_HAND_KEY, STRIPS[strip])


def strip_by_hand() -> None:
    """Offer the way from the strips to the calculation of the chosen number."""
    to_by_hand("this number", key="strip-by-hand", act=session.select, target=BY_HAND_KEY)


def curve(trace: Trace) -> None:
    """Draw the curve with the token's neurons on it, GELU or ReLU, and what ReLU would change."""
    chosen = session.selection()
    block, own = trace.blocks[chosen.block], trace.config.activation
    shown = st.segmented_control(
        "Curve",
        [OWN, WHAT_IF],
        default=OWN,
        required=True,
        key=CURVE_KEY,
        bind="query-params",
        label_visibility="collapsed",
    )
    is_own = shown != WHAT_IF
    pre, post = block.mlp_pre[chosen.query], block.mlp_post[chosen.query]
    activation_curve(
        pre,
        post if is_own else activated(pre, "relu"),
        key="bend",
        title=f"Activation of block {chosen.block + 1}",
        curve=own if is_own else "relu",
        other="relu" if is_own else own,
        names=("GELU", "ReLU") if is_own else ("ReLU", "GELU"),
        run=f"{hash(trace.tokens.ids)} {chosen.block} {chosen.query}",
        neuron=chosen_neuron(trace),
        on_neuron_change=_choose_dot,
    )
    if not is_own:
        st.info(what_if_text(what_if(trace, chosen.block, chosen.query), len(pre)))


def _choose_dot() -> None:
    neuron = session.element_state("bend", "neuron")
    if isinstance(neuron, int):
        session.select(neuron=neuron)
        session.set_widget(BY_HAND_KEY, STRIPS[2])


def worked_out(trace: Trace) -> None:
    """Work one number of the layer out by hand: of the chosen neuron, or the chosen dimension."""
    if not is_offered():
        return
    strip = st.segmented_control(
        "Number to work out",
        STRIPS,
        default=STRIPS[2],
        required=True,
        key=BY_HAND_KEY,
        bind="query-params",
        label_visibility="collapsed",
        wrap=True,
    )
    found = derivation(trace, strip if strip in STRIPS else STRIPS[2])
    by_hand(found.term, model_value=found.model_value)


def derivation(trace: Trace, strip: str) -> Derived:
    """Return the calculation of the chosen number of one strip."""
    chosen, learned = session.selection(), session.parameters()
    block, position = chosen.block, chosen.query
    if strip == "input":
        norm = f"h.{block}.ln_2"
        return arithmetic.norm_entry(trace, learned, norm=norm, position=position, dim=chosen.dim)
    if strip == "output":
        return arithmetic.mlp_out_entry(
            trace, learned, block=block, position=position, dim=chosen.dim
        )
    neuron = chosen_neuron(trace)
    if strip == "before the curve":
        return arithmetic.mlp_pre_entry(
            trace, learned, block=block, position=position, neuron=neuron
        )
    return arithmetic.mlp_post_entry(trace, block=block, position=position, neuron=neuron)


def what_if(trace: Trace, number: int, position: int) -> WhatIf:
    """Bend one token's recorded numbers with ReLU and take them the same way back."""
    from model.lens import cosine, mlp_out_of

    model, block = session.model(), trace.blocks[number]
    bent = activated(block.mlp_pre[position], "relu")
    other = mlp_out_of(model, number, bent)
    own = block.mlp_out[position].astype(np.float64)
    lengths = float(np.linalg.norm(own)), float(np.linalg.norm(other))
    return WhatIf(*lengths, cosine(own, other), int(np.count_nonzero(bent == 0)))


def what_if_text(found: WhatIf, d_mlp: int) -> str:
    """Write what ReLU would change in this one layer."""
    return (
        f"With ReLU on the same {d_mlp:,} numbers, {found.n_zero:,} neurons would be exactly 0. "
        f"What this layer adds would have length {found.other_length:.3f} instead of "
        f"{found.own_length:.3f}; the cosine between the two is {found.cosine:.4f}. This is a "
        "what-if of this one layer on this one token: the model was trained with GELU, and "
        "nothing after this layer was worked out again."
    )


def silence_options(trace: Trace) -> dict[str, Silenced]:
    """Return what can be silenced on this page."""
    block = session.selection().block
    return {
        "the chosen neuron": Silenced("neuron", block, chosen_neuron(trace)),
        WHOLE_LAYER: Silenced("mlp", block),
    }


def numbers_by_block(trace: Trace) -> list[Array]:
    """Return the chosen token's numbers before the curve, `(d_mlp,)`, of each block."""
    position = session.selection().query
    return derived(
        trace,
        ("pre", position),
        lambda: [
            trace.blocks[number].mlp_pre[position].copy() for number in range(len(trace.blocks))
        ],
    )


def save_all_blocks(trace: Trace) -> None:
    """Offer the chosen token's numbers before the curve, of all blocks, as a file."""
    save_numbers(
        "Save numbers",
        ["block", "neuron", "before_the_curve"],
        lambda: (
            (number + 1, neuron, value)
            for number, row in enumerate(numbers_by_block(trace))
            for neuron, value in enumerate(row)
        ),
        name="neurons-by-block",
    )


def functions() -> tuple[Callable[..., object], ...]:
    """Return what computed this layer's numbers: the layer's class and its curve."""
    layer = type(session.model().blocks[0].mlp)
    return layer, vars(sys.modules[layer.__module__])["gelu"]


def sizes(trace: Trace) -> str:
    """Write this run's sizes, letter and number together."""
    config, T = trace.config, len(trace.tokens)
    d, hidden = config.d_model, config.d_mlp
    return (
        f"T = {n_tokens(T)} · d_model = {d} · d_mlp = 4 × {d} = {hidden:,} · "
        f"c_fc: {hidden:,} × {d} + {hidden:,} · c_proj: {d} × {hidden:,} + {d} · "
        f"{config.parameters.mlp:,} parameters a block"
    )


def share_of_block(trace: Trace) -> str:
    """Write how much of a block's parameters this layer holds."""
    counts = trace.config.parameters
    return (
        f"{counts.mlp:,} of a block's {counts.block:,} parameters stand here: "
        f"{100 * counts.mlp / counts.block:.0f} %, more than in attention "
        f"({counts.attention:,})."
    )


def things_to_try(trace: Trace) -> list[Try]:
    """Return three things to do, one of them found in this run's numbers."""
    chosen = session.selection()
    loudest = derived(
        trace,
        ("loudest", chosen.block, chosen.query),
        lambda: _longest_written(trace, chosen.block, chosen.query),
    )
    return [
        Try(
            "Bend with ReLU instead",
            lambda: session.set_widget(CURVE_KEY, WHAT_IF),
            "The dots left of zero drop onto the axis, and the page says what that would change.",
            shows=CURVE_KEY,
        ),
        Try(
            f"The neuron that writes most: {loudest}",
            lambda: session.select(neuron=loudest),
            "What it fires, times the length of its row, is the largest of all neurons here.",
            shows="neuron-card",
        ),
        Try(
            "Silence this whole layer",
            lambda: session.set_widget(SILENCE_KEY, WHOLE_LAYER),
            "At the end of this page: compare it with the silence of one neuron.",
            shows=SILENCE_KEY,
        ),
    ]


def _longest_written(trace: Trace, number: int, position: int) -> int:
    """Return the neuron whose activation times the length of its row is largest."""
    rows = session.parameters()[f"h.{number}.mlp.c_proj.weight"]
    lengths = np.linalg.norm(rows, axis=0)
    return int(np.abs(trace.blocks[number].mlp_post[position] * lengths).argmax())
