"""Position: the row that a place in the text adds, and what order does to the pass."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from model.positions import changes  # noqa: E402
from pages.figures.position import position_curves, row_lengths  # noqa: E402
from pages.figures.style import CONFIG  # noqa: E402
from pages.parts import explain, order_lab, position_lab, session  # noqa: E402

explain.page_head("position", parameters=session.config().parameters.position_embedding)
picture, words = st.columns([3, 2], gap="large")
with picture:
    position_lab.table_picture()
    position_lab.prompt_rows()
    position_lab.addition()
with words:
    explain.words("position")
    position_lab.things_to_try()
position_lab.sum_by_hand()

st.subheader("What training made of this table", anchor=False)
facts, n_read = position_lab.facts(), len(session.tokens())
left, right = st.columns(2, gap="large")
with left:
    lengths = row_lengths(facts, n_read, session.theme())
    st.plotly_chart(lengths, key="lengths", theme=None, config=CONFIG)
    curves = position_curves(position_lab.curves(), n_read, session.theme())
    st.plotly_chart(curves, key="curves", theme=None, config=CONFIG)
    position_lab.take_away(facts)
with right:
    position_lab.similarity()
position_lab.facts_in_words(facts)

order_lab.swap_two()

explain.code_that_ran(position_lab.embed_method(), changes, shapes=position_lab.shapes())
explain.sources("position")
