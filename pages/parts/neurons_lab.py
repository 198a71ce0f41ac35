"""Single neurons on the feed-forward page: which fire, where in the text, and what one writes."""

import numpy as np
import streamlit as st

from model.arithmetic import mlp_post_entry
from model.trace import Array, Trace
from pages.components.ledger import BarRow, signed_bars
from pages.parts import session
from pages.parts.byhand import by_hand, is_offered
from pages.parts.derived import derived
from pages.parts.direct import direct_term
from pages.parts.opened import open_panel, opened, opened_index

SHOWN_NEURONS = 24
SHOWN_TOKENS = 10
SHOWN_POSITIONS = 64
# What was pressed last in the lists: how it fires, or the id of a token that it writes towards.
_PANEL, _FIRES = "neuron", "fires"


def chosen_neuron(trace: Trace) -> int:
    """Return the chosen neuron of the chosen block; the one that fires most if none is chosen."""
    chosen = session.selection()
    neuron = session.choice("neuron", trace.config.d_mlp)
    if neuron is not None:
        return neuron
    return int(trace.blocks[chosen.block].mlp_post[chosen.query].argmax())


def firing(trace: Trace) -> None:
    """List the neurons that fire most at the chosen token; one can be chosen."""
    chosen = session.selection()
    pre, post = (
        x[chosen.query]
        for x in (trace.blocks[chosen.block].mlp_pre, trace.blocks[chosen.block].mlp_post)
    )
    neuron = chosen_neuron(trace)
    order = strongest(post, neuron)
    signed_bars(
        [
            BarRow(
                f"neuron {n}",
                float(post[n]),
                f"from {pre[n]:.2f}".replace("-", "−"),
                is_chosen=n == neuron,
                can_choose=True,
            )
            for n in order
        ],
        key="firing",
        title=f"Neurons of block {chosen.block + 1}",
        what="neuron",
        unit="after GELU",
        action="Choose this neuron, and work its output out by hand",
        on_chosen=lambda: _choose_row(order),
    )


def strongest(post: Array, neuron: int) -> list[int]:
    """Return the neurons that fire most, the chosen one among them, the strongest first."""
    order = np.argsort(-post, kind="stable")[:SHOWN_NEURONS].tolist()
    return order if neuron in order else [*order, neuron]


def _choose_row(order: list[int]) -> None:
    index = session.element_state("firing", "chosen")
    if isinstance(index, int) and 0 <= index < len(order):
        session.select(neuron=order[index])
        open_panel(_PANEL, _FIRES)


def firing_count(trace: Trace) -> str:
    """Write how many neurons are on this side of zero and that."""
    chosen = session.selection()
    post = trace.blocks[chosen.block].mlp_post[chosen.query]
    n_strong = int(np.count_nonzero(post > 1))
    n_up = int(np.count_nonzero(post > 0))
    return (
        f"{n_up:,} of {len(post):,} neurons end above 0 at this token, {n_strong:,} of them above "
        f"1. The others end between −0.17 and 0: GELU does not go lower."
    )


def neuron_card(trace: Trace) -> None:
    """Show the chosen neuron: how it fires along the text, and what it writes."""
    chosen, neuron = session.selection(), chosen_neuron(trace)
    post = trace.blocks[chosen.block].mlp_post[:, neuron]
    pre = trace.blocks[chosen.block].mlp_pre[chosen.query, neuron]
    now = f"{pre:.3f} before the curve, **{post[chosen.query]:.3f}** after it."
    st.markdown(
        f"#### Neuron {neuron} of block {chosen.block + 1}\n\n"
        f"At this token: {now.replace('-', '−')}"
    )
    _along_the_text(trace, post)
    _written(trace, neuron, float(post[chosen.query]))


def worked_out(trace: Trace) -> None:
    """Work the number out that was pressed last in the lists, once one was."""
    if not is_offered():
        return
    written = opened_index(_PANEL, trace.config.vocab_size)
    if opened(_PANEL) == (_FIRES,):
        _output_by_hand(trace, chosen_neuron(trace))
    elif written is not None:
        _written_by_hand(trace, chosen_neuron(trace), written)
    else:
        st.caption("Press a row to work its number out by hand.")


def _output_by_hand(trace: Trace, neuron: int) -> None:
    chosen = session.selection()
    found = mlp_post_entry(trace, block=chosen.block, position=chosen.query, neuron=neuron)
    by_hand(found.term, model_value=found.model_value, key="by-hand-neuron")


def _along_the_text(trace: Trace, post: Array) -> None:
    query, T = session.selection().query, len(post)
    first = min(max(query - SHOWN_POSITIONS // 2, 0), max(T - SHOWN_POSITIONS, 0))
    places = range(first, min(first + SHOWN_POSITIONS, T))
    label = session.cutter().label
    signed_bars(
        [
            BarRow(
                label(trace.tokens.ids[p]),
                float(post[p]),
                f"position {p}",
                is_token=True,
                is_chosen=p == query,
                can_choose=True,
            )
            for p in places
        ],
        key="along",
        title="Where in the text this neuron fires",
        what="where it fires in your text",
        unit="after GELU",
        action="Choose this token, and work the number out by hand",
        on_chosen=lambda: _choose_position(places),
    )


def _choose_position(places: range) -> None:
    index = session.element_state("along", "chosen")
    if isinstance(index, int) and 0 <= index < len(places):
        session.select(query=places[index])
        open_panel(_PANEL, _FIRES)


def _written(trace: Trace, neuron: int, fires: float) -> None:
    chosen, label = session.selection(), session.cutter().label
    effect = direct_effect(trace, chosen.block, neuron, chosen.query)
    order = np.argsort(-effect, kind="stable")
    ids = [*order[:SHOWN_TOKENS].tolist(), *order[-SHOWN_TOKENS:].tolist()]
    signed_bars(
        [
            BarRow(
                label(i),
                float(effect[i]),
                f"here {fires * effect[i]:+.3f}".replace("-", "−"),
                is_token=True,
                is_chosen=i == opened_index(_PANEL, len(effect)),
                can_choose=True,
            )
            for i in ids
        ],
        key="written",
        title=f"What neuron {neuron} of block {chosen.block + 1} writes towards the vocabulary",
        what="raises and lowers",
        unit="logit a unit",
        action="Work this number out by hand",
        on_chosen=lambda: _choose_written(ids),
    )


def _choose_written(ids: list[int]) -> None:
    index = session.element_state("written", "chosen")
    if isinstance(index, int) and 0 <= index < len(ids):
        open_panel(_PANEL, ids[index])


def _written_by_hand(trace: Trace, neuron: int, token_id: int) -> None:
    from model.lens import logit_direction, neuron_row

    chosen, model = session.selection(), session.model()
    label = session.cutter().label(token_id)
    effect = float(direct_effect(trace, chosen.block, neuron, chosen.query)[token_id])
    term = direct_term(
        f"what a unit of neuron {neuron} adds to the logit of {label}, minus the mean",
        neuron_row(model, chosen.block, neuron),
        logit_direction(model, trace, chosen.query, token_id),
    )
    by_hand(term, model_value=effect, key="by-hand-written")


def direct_effect(trace: Trace, number: int, neuron: int, position: int) -> Array:
    """Return what one unit of a neuron adds to every logit, directly: `(vocab_size,)`."""
    from model.lens import direct_logits, neuron_row

    model = session.model()
    return derived(
        trace,
        ("neuron", number, neuron, position),
        lambda: direct_logits(model, trace, position, neuron_row(model, number, neuron)),
    )
