"""Feed-forward: one token widened, bent by GELU, brought back; and what single neurons write."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from pages.figures.feed_forward import numbers_figure  # noqa: E402
from pages.figures.style import CONFIG  # noqa: E402
from pages.parts import explain, feed_forward_lab, neurons_lab, pickers, session  # noqa: E402
from pages.parts.silence import silence_panel  # noqa: E402
from pages.parts.texts import sections  # noqa: E402

config, counts = session.config(), session.config().parameters
explain.page_head("feed_forward", parameters=config.n_layer * counts.mlp)
trace, chosen = session.trace(), session.selection()
texts = sections("feed_forward")

picture, words = st.columns([3, 2], gap="large")
with picture:
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        pickers.block_picker("pick-block")
        st.text(f"token {feed_forward_lab.token_label(trace)} at position {chosen.query}")
    feed_forward_lab.there_and_back(trace)
    feed_forward_lab.strip_by_hand()
    st.caption(feed_forward_lab.sizes(trace))
    st.markdown("#### The curve, and where this token's neurons lie on it")
    feed_forward_lab.curve(trace)
    feed_forward_lab.worked_out(trace)
with words:
    explain.words("feed_forward")
    st.markdown(feed_forward_lab.share_of_block(trace))
    st.markdown(texts["Formula"])
    explain.tries("feed_forward", *feed_forward_lab.things_to_try(trace))

st.markdown("### Which neurons fire, and what one writes")
st.markdown(texts["Neurons"])
many, one = st.columns(2, gap="large")
with many:
    st.markdown("#### The strongest at this token")
    st.caption(neurons_lab.firing_count(trace))
    neurons_lab.firing(trace)
with one, st.container(key="neuron-card"):
    neurons_lab.neuron_card(trace)
neurons_lab.worked_out(trace)

st.markdown("### Silence a part")
st.markdown(texts["Silence"])
silence_panel(feed_forward_lab.silence_options(trace), key=feed_forward_lab.SILENCE_KEY)

further = st.expander(
    "Further pictures: all blocks at once", on_change="rerun", key="further", bind="query-params"
)
if further.open:
    with further:
        st.plotly_chart(
            numbers_figure(
                feed_forward_lab.numbers_by_block(trace),
                chosen=chosen.block,
                theme=session.theme(),
            ),
            key="numbers",
            theme=None,
            config=CONFIG,
        )
        feed_forward_lab.save_all_blocks(trace)
explain.code_that_ran(*feed_forward_lab.functions(), shapes=feed_forward_lab.sizes(trace))
explain.sources("feed_forward")
