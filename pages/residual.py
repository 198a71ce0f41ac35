"""The residual stream: two additions a block, what each stage would say, who wrote a logit."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from model.lens import ledger, logit_lens  # noqa: E402
from pages.figures.residual import lengths_figure, ranks_figure  # noqa: E402
from pages.figures.style import CONFIG  # noqa: E402
from pages.parts import explain, ledger_lab, pickers, residual_lab, session  # noqa: E402
from pages.parts.silence import silence_panel  # noqa: E402
from pages.parts.texts import sections  # noqa: E402

explain.page_head("residual", parameters=0)
trace, chosen = session.trace(), session.selection()
texts = sections("residual")

picture, words = st.columns([3, 2], gap="large")
with picture:
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        pickers.block_picker("pick-block")
        st.text(f"token {residual_lab.labels(trace)[chosen.query]} at position {chosen.query}")
    residual_lab.stream(trace)
    st.markdown(f"#### The two additions of block {chosen.block + 1}, number by number")
    residual_lab.two_additions(trace)
    st.caption(residual_lab.sizes(trace))
    residual_lab.addition_by_hand(trace)
    st.markdown(f"#### In two lines\n\n{texts['Formula']}")
with words:
    explain.words("residual")
    explain.tries("residual", *residual_lab.things_to_try(trace))

st.markdown("### What would be said after each block")
st.markdown(texts["Lens"])
residual_lab.lens(trace)

st.markdown("### Which parts wrote a logit")
st.markdown(texts["Ledger"])
ledger_lab.account(trace)

st.markdown("### Silence a part")
st.markdown(texts["Silence"])
st.caption(residual_lab.silence_caption())
silence_panel(residual_lab.silence_options(), key=residual_lab.SILENCE_KEY)

further = st.expander(
    "Further pictures: all tokens at once", on_change="rerun", key="further", bind="query-params"
)
if further.open:
    names, theme = residual_lab.labels(trace), session.theme()
    lens = residual_lab.lens_here(trace)
    first = int(lens.positions[0])
    with further:
        st.plotly_chart(
            lengths_figure(residual_lab.lengths(trace), names, chosen=chosen.query, theme=theme),
            key="lengths",
            theme=None,
            config=CONFIG,
        )
        residual_lab.save_lengths(trace)
        st.plotly_chart(
            ranks_figure(lens.ranks, names[first:], chosen=chosen.query - first, theme=theme),
            key="ranks",
            theme=None,
            config=CONFIG,
        )
        residual_lab.save_ranks(trace)
explain.code_that_ran(
    type(session.model().blocks[0]), logit_lens, ledger, shapes=residual_lab.sizes(trace)
)
explain.sources("residual")
