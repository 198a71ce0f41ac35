"""The LayerNorm microscope: one token's numbers before and after, and everything in between."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from pages.components.vectors import vector_rows  # noqa: E402
from pages.figures.layer_norm import Row, distributions, spreads  # noqa: E402
from pages.figures.style import CONFIG  # noqa: E402
from pages.parts import explain, microscope, norm_lab, session  # noqa: E402

config, counts = session.config(), session.config().parameters
explain.page_head("layer_norm", parameters=(2 * config.n_layer + 1) * counts.norm)
trace = session.trace()
seen = norm_lab.microscope(trace)
labels = [session.cutter().label(token_id) for token_id in trace.tokens.ids]

picture, words = st.columns([3, 2], gap="large")
with picture:
    norm_lab.place(seen)
    is_one_scale = st.toggle("One scale for all three", key="one_scale", bind="query-params")
    st.plotly_chart(
        distributions(
            [Row(*point) for point in microscope.points(seen)],
            session.theme(),
            dim=seen.dim,
            is_one_scale=is_one_scale,
        ),
        theme=None,
        key="distributions",
        config=CONFIG,
        alt=microscope.told(seen),
    )
    st.caption(explain.sections("layer_norm")["Picture"])
    values, title = norm_lab.shown_vectors(seen)
    vector_rows(
        key="cells_drawn",
        labels=labels,
        values=values,
        row=seen.position,
        column=seen.dim,
        title=title,
        on_cell_change=lambda: norm_lab.choose_cell("cells_drawn"),
    )
    norm_lab.cell_by_hand()
    st.caption(norm_lab.sizes(trace))
with words:
    explain.words("layer_norm")
    norm_lab.things_to_try(seen)

norm_lab.formula(seen)
norm_lab.worked_out(trace, seen)
norm_lab.left_out(trace, seen)

st.subheader("How far this token is spread at every norm", anchor=False)
st.markdown(explain.sections("layer_norm")["Spread"])
names, stds = norm_lab.spreads_here(trace, seen.position)
st.plotly_chart(
    spreads(names, stds, microscope.index(seen, trace), session.theme()),
    theme=None,
    key="spreads",
    config=CONFIG,
    alt=microscope.told_spreads(names, stds),
    on_select=lambda: norm_lab.choose_spread("spreads"),
    selection_mode="points",
)
norm_lab.save_spreads(names, stds)
norm_lab.spread_by_hand(trace, seen)
norm_lab.take_away(seen)
explain.code_that_ran(norm_lab.norm_class(seen), shapes=norm_lab.sizes(trace))
explain.sources("layer_norm")
