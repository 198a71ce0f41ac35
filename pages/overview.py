"""The whole model at a glance, with this run's own sizes, each part leading to its page."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from pages.parts import explain, session  # noqa: E402

explain.page_head("overview")
st.write(session.config())
st.write(len(session.tokens()), session.trace().logits[-1][:5])
