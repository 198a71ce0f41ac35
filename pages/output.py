"""From logits to the next token: every stage, the draw, the text that grows, how sure it was."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from model.sampling import distribution, sample, token_at  # noqa: E402
from model.surprise import loss  # noqa: E402
from pages.parts import (  # noqa: E402
    cache_panel,
    explain,
    generating,
    next_token,
    output_files,
    output_panels,
    session,
)

TICK_SECONDS = 0.12

config = session.config()
explain.page_head("output", parameters=config.parameters.unembedding)
output_panels.toolbar()


def stage() -> None:
    """Draw what answers to the hand and to a running generation, without the rest of the page."""
    running = generating.tick(n_tokens=3, seconds=TICK_SECONDS)
    if generating.is_rerun_due():
        st.rerun()
    view = next_token.view(running)
    output_panels.text(view)
    with st.container(key="output-stage"):
        picture, words = explain.picture_and_words()
    with picture:
        with st.container(key="bars-panel"):
            output_panels.bars(view)
        output_panels.loss(view)
        output_panels.tries()
    with words:
        # Beside the bars, so that eye and hand stay where they are; on a phone right below them.
        with st.container(key="controls-panel"):
            output_panels.controls(view)
        explain.words("output")
    output_panels.columns(view)
    output_files.take_away(view)
    if generating.is_rerun_due(after_drawing=True):
        st.rerun()


st.fragment(stage, run_every=TICK_SECONDS if generating.running() else None)()
output_panels.roads()
cache_panel.cache_savings()
T = len(session.tokens())
explain.code_that_ran(
    distribution,
    sample,
    token_at,
    loss,
    shapes=f"T = {T}\nlogits ({T}, {config.vocab_size:,})\nprobs ({config.vocab_size:,},)",
)
explain.sources("output")
