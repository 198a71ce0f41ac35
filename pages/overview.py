"""The whole model at a glance, on this run's own numbers, each part leading to its page."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from model.catalog import known_models  # noqa: E402
from model.config import GPT3  # noqa: E402
from model.sampling import SamplingSettings, distribution  # noqa: E402
from pages.components.flow import flow  # noqa: E402
from pages.components.scale import scale  # noqa: E402
from pages.parts import explain, session  # noqa: E402
from pages.parts.numbers import percent  # noqa: E402
from pages.parts.texts import sections  # noqa: E402

SHOWN = 5

explain.page_head("overview")
trace, cutter, chosen = session.trace(), session.cutter(), session.selection()
probs = distribution(trace.logits[-1], SamplingSettings()).probs
best = probs.argsort()[::-1][:SHOWN]
picture, words = st.columns([5, 3], gap="large")
with picture:
    flow(
        key="flow",
        trace=trace,
        labels=[cutter.label(token_id) for token_id in trace.tokens.ids],
        characters=len(session.text()),
        has_start=session.is_start_read(),
        block=chosen.block,
        head=chosen.head,
        top=[(cutter.label(int(i)), percent(float(probs[i])), float(probs[i])) for i in best],
        on_block_change=lambda: session.select(block=session.element_state("flow", "block")),
    )
with words:
    explain.words("overview")
st.markdown("### To scale")
st.markdown(sections("overview")["Scale"])
known = [(entry.title, entry.config) for entry in known_models().values()]
scale([*known, ("GPT-3", GPT3)], this=session.known_model().title, key="scale")
explain.code_that_ran(type(session.model()).forward, distribution, shapes=explain.run_sizes())
explain.sources("overview")
