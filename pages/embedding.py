"""Token embedding: the row that a token looks up, and which other rows are like it."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from model.neighbours import cosines, nearest, project  # noqa: E402
from pages.figures.embedding import projection_plane, projection_space  # noqa: E402
from pages.figures.style import CONFIG  # noqa: E402
from pages.parts import embedding_lab, explain, likeness_lab, projection_lab, session  # noqa: E402

explain.page_head("embedding", parameters=session.config().parameters.token_embedding)
picture, words = st.columns([3, 2], gap="large")
with picture:
    embedding_lab.finder()
    shown = embedding_lab.looked_up()
    embedding_lab.table_picture(shown)
    embedding_lab.row_numbers(shown)
    likeness_lab.neighbours(shown)
with words:
    explain.words("embedding")
    embedding_lab.things_to_try()

left, right = st.columns(2, gap="large")
with left:
    embedding_lab.entry_by_hand(shown)
with right:
    embedding_lab.tying(shown)

left, right = st.columns(2, gap="large")
with left:
    likeness_lab.comparison()
with right:
    likeness_lab.arithmetic()

st.subheader("Seen from the side", anchor=False)
st.markdown(explain.sections("embedding")["Seen from the side"])
left, right = st.columns([3, 1], gap="large", vertical_alignment="bottom")
with left:
    chosen = projection_lab.kind_picker()
with right:
    n_directions = st.segmented_control(
        "Directions", (2, 3), default=2, required=True, key="directions", bind="query-params"
    )
if len(chosen.ids) > 1:
    projection = projection_lab.projected(chosen)
    draw = projection_space if n_directions == 3 else projection_plane
    figure = draw(projection, chosen.labels, chosen.kinds, session.theme())
    st.plotly_chart(figure, key=f"projection-{n_directions}", theme=None, config=CONFIG)
    st.caption(projection_lab.projection_words(projection, n_directions, len(chosen.ids)))
    projection_lab.take_away(chosen, projection)
else:
    st.caption("Choose kinds with at least two tokens.")

explain.code_that_ran(cosines, nearest, project, shapes=embedding_lab.shapes(shown))
explain.sources("embedding")
