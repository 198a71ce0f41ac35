"""Every term with this run's numbers, and where to read on."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from pages.parts import explain, session  # noqa: E402
from pages.parts.glossary import example_numbers, matching, wanted_term  # noqa: E402
from pages.parts.texts import as_text, sections  # noqa: E402

explain.page_head("glossary")
wanted = wanted_term()
numbers = example_numbers(session.trace())
found = matching(wanted)
if not found:
    st.markdown(f"No term has “{as_text(wanted)}” in it. Try a shorter piece of the word.")
left, right = st.columns(2, gap="large")
for index, entry in enumerate(found):
    # The second half stands right, or below on a narrow screen: in order on both.
    with left if 2 * index < len(found) else right:
        st.markdown(f"##### {entry.names[0]}\n\n{entry.meaning}")
        st.caption(entry.example.format_map(numbers))
for heading, body in sections("reading").items():
    if heading:
        st.markdown(f"### {heading}\n\n{body}")
