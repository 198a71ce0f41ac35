"""Causal attention: one head's map, all heads, and what happens without the mask or a head."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from pages.components.attention import attention_map  # noqa: E402
from pages.components.attention_steps import attention_steps  # noqa: E402
from pages.components.heads import heads_grid  # noqa: E402
from pages.parts import attention_lab, explain, session  # noqa: E402

config, counts = session.config(), session.config().parameters
explain.page_head("attention", parameters=config.n_layer * counts.attention)
is_masked, values = attention_lab.controls()
trace, chosen = attention_lab.shown_trace(is_masked), session.selection()
labels = [session.cutter().label(token_id) for token_id in trace.tokens.ids]
block = trace.blocks[chosen.block]
attention_lab.mask_note(trace, chosen)

picture, words = st.columns([3, 2], gap="large")
with picture:
    attention_map(
        key="map",
        labels=labels,
        scores=block.scores[chosen.head],
        pattern=block.pattern[chosen.head],
        query=chosen.query,
        token=chosen.token,
        is_masked=is_masked,
        values=values,
        title=f"Block {chosen.block + 1}, head {chosen.head + 1}",
        on_cell_change=lambda: attention_lab.choose_cell("map", is_score=values == "scores"),
    )
    attention_lab.cell_by_hand(values)
    st.caption(attention_lab.sizes(trace))
    attention_lab.formula(trace)
    explain.tries("attention", *attention_lab.things_to_try(trace))
with words:
    st.markdown("#### All heads of all blocks")
    heads_grid(
        key="heads",
        pictures=attention_lab.overview(trace).pictures,
        n_token=len(labels),
        block=chosen.block,
        head=chosen.head,
        is_masked=is_masked,
        on_head_change=lambda: attention_lab.choose_head("heads"),
    )
    explain.words("attention")

st.markdown("### Step by step")
attention_steps(
    key="steps",
    labels=labels,
    block=block,
    head=chosen.head,
    query=chosen.query,
    token=chosen.token,
    projection=attention_lab.projection(chosen.block),
    is_masked=is_masked,
    title=f"Block {chosen.block + 1}, head {chosen.head + 1}",
    on_cell_change=lambda: attention_lab.choose_cell("steps"),
    on_number_change=lambda: attention_lab.choose_number("steps"),
)
attention_lab.work_out(trace)
attention_lab.vectors(trace, labels)

attention_lab.experiments(labels)
explain.code_that_ran(
    attention_lab.attention_class(chosen.block), shapes=attention_lab.sizes(trace)
)
explain.sources("attention")
