"""Input and tokens: the text under the tokenizer's x-ray, and what becomes of it in training."""

from pages.parts.router import require_router

require_router()

import streamlit as st  # noqa: E402

from model.bpe import merge_steps, unions  # noqa: E402
from pages.components.merges import merges  # noqa: E402
from pages.components.xray import xray  # noqa: E402
from pages.parts import explain, session, tokens_lab  # noqa: E402

config = session.config()
explain.page_head("tokens")
picture, words = st.columns([3, 2], gap="large")
with picture:
    xray(
        key="xray",
        text=session.text(),
        vocab_size=config.vocab_size,
        has_start=session.has_start() and session.is_start_read(),
        ids=session.exact_ids(),
        size=tokens_lab.xray_size(),
        on_size_change=tokens_lab.choose_size,
        on_character_change=tokens_lab.choose_word,
    )
    st.subheader("One word, merge by merge", anchor=False)
    word = tokens_lab.word_picker()
    merges(key="merges", word=word, vocab_size=config.vocab_size)
    st.caption(explain.sections("tokens")["Merge by merge"])
with words:
    explain.words("tokens")
    tokens_lab.things_to_try()

tokens_lab.look_alikes(word)
tokens_lab.space_at_the_end()
tokens_lab.training_pairs()

explain.code_that_ran(merge_steps, unions, shapes=tokens_lab.sizes(word))
explain.sources("tokens")
