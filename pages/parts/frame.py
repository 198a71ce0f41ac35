"""What stands on top of every page: the prompt, the examples, the model."""

import streamlit as st

from model.catalog import EMBEDDED, KnownModel, known_models
from pages.components.link import copy_link
from pages.components.prompt import prompt_box, vocabulary
from pages.components.saving import saving
from pages.parts import models, runs, session
from pages.parts.examples import EXAMPLES
from pages.parts.glossary import glossary_links
from pages.parts.stages import stage

# The button that copies the link, where nothing stands beside it.
_ALONE_PIXELS = 200


def prompt() -> None:
    """Draw the prompt box, with the examples and the model beside it."""
    vocabulary()
    saving()
    glossary_links()
    hidden = session.selection().hide
    if "prompt" in hidden:
        with st.container(horizontal=True, vertical_alignment="bottom", key="beside"):
            _beside(hidden)
    else:
        box, side = st.columns([5, 2], gap="medium")
        with box:
            _box()
        with side, st.container(key="beside", gap="xsmall"):
            _beside(hidden)
    _notices()


def _beside(hidden: frozenset[str]) -> None:
    """Draw what stands beside the box, or in its place where the link leaves it out."""
    if "model" not in hidden:
        _model_picker()
    width = _ALONE_PIXELS if "prompt" in hidden else "stretch"
    with st.container(horizontal=True, gap="xsmall", key="beside-row", width=width):
        if "prompt" not in hidden:
            _examples()
        copy_link(key="copy_link", copied=_copied())


def _copied() -> str:
    if session.asked_name().startswith(runs.OWN):
        return "Copied. Elsewhere it opens the embedded model: yours stays in this tab."
    if not session.is_text_in_link():
        return "Copied, with the end of your text: it is too long for a link."
    return "Copied: it opens this page with this text and these choices."


def _box() -> None:
    config = session.config()
    prompt_box(
        key="box",
        text=session.text(),
        vocab_size=config.vocab_size,
        block_size=config.block_size,
        has_start=session.has_start(),
        ids=session.exact_ids(),
        focus=session.selection().query,
        on_text_change=session.set_text,
        on_token_change=lambda position: session.select(query=position),
    )


def _examples() -> None:
    with st.popover("Examples", width="stretch"):
        for number, example in enumerate(EXAMPLES):
            st.button(
                example.text,
                key=f"example-{number}",
                on_click=session.set_text,
                args=(example.text,),
                width="stretch",
            )
            st.caption(f"**{stage(example.stage).title}.** {example.look}")


def _model_picker() -> None:
    own = {name: runs.title(_own_token(name)) for name in runs.own_names()}
    titles = {name: _title(entry) for name, entry in known_models().items()} | own
    name = session.asked_name()
    session.mirror("model_picker", name if name in titles else EMBEDDED)
    st.selectbox(
        "Model",
        list(titles),
        format_func=titles.__getitem__,
        key="model_picker",
        on_change=lambda: session.take("model_picker", "model", step=session.LAST),
    )
    if name in own:
        _childhood(name)
    if session.known_model().has_start:
        session.mirror("start_picker", session.has_start())
        st.toggle(
            "Start token `<|endoftext|>`",
            key="start_picker",
            on_change=lambda: session.take("start_picker", "start"),
            help="`<|endoftext|>` is one token: it stood between the texts the model learnt, so it "
            "marks where one begins. It stands in front of yours as position 0. Without it the "
            "model reads your text as if from the middle of a page.",
        )
        if session.has_start() and not session.is_start_read():
            st.caption(
                "It is on, but your text fills the context and has pushed it out: shorten the "
                "text and it is read again."
            )


def _childhood(name: str) -> None:
    """Draw the scrubber over the steps at which a visitor's model was kept."""
    steps = runs.snapshots(_own_token(name))
    if len(steps) < 2:
        return
    asked = session.asked_step()
    session.mirror("step_picker", asked if asked in steps else steps[-1])
    st.select_slider(
        "After training step",
        steps,
        key="step_picker",
        on_change=lambda: session.take("step_picker", "step"),
    )


def _own_token(name: str) -> str:
    return runs.tokens()[int(name.removeprefix(runs.OWN)) - 1]


def _title(model: KnownModel) -> str:
    millions = model.config.parameters.total / 1e6
    return f"{model.title} · {millions:,.1f} M"


def _notices() -> None:
    """Say what the link or the choice asked for and could not get at once."""
    asked = session.asked_model()
    if asked is None:
        st.info("This link names a model that is not here; you see the embedded one.")
    elif asked.id != session.known_model().id:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(
                f"{asked.title} is not on this computer yet. The download from Hugging Face is "
                f"{asked.megabytes:,} MB, once. Until then you see the embedded model."
            )
            if st.button("Download it", type="primary"):
                _download(asked)
    if asked is not None and session.asked_name().startswith(runs.OWN):
        st.caption(
            "Your own model lives in this browser tab: a link to this page opens the embedded "
            "model elsewhere."
        )
    if not session.is_text_in_link():
        st.caption(
            f"Your text is longer than {session.LINK_CHARACTERS:,} characters: a link carries "
            "only its end, which is what the model reads."
        )


def _download(asked: KnownModel) -> None:
    with st.spinner(f"Downloading {asked.title}, {asked.megabytes:,} MB"):
        problem = models.download(asked.id)
    if problem:
        st.error(problem)
    else:
        st.rerun()
