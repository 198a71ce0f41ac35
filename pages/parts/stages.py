"""The pages in the order in which a text passes through the model, and the frame around each."""

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class Stage:
    """Describe one page.

    Args:
        name: Stem of the page's file and its path in the address bar.
        title: In the navigation and on top of the page.
        icon: A Material symbol.
        step: What the strip "where you are" calls it; none for a page that is no stage.
    """

    name: str
    title: str
    icon: str
    step: str | None = None

    @property
    def path(self) -> str:
        """The page's file, as Streamlit wants it."""
        return f"pages/{self.name}.py"


STAGES = (
    Stage("overview", "Overview", ":material/account_tree:"),
    Stage("tokens", "Input and tokens", ":material/content_cut:", "tokens"),
    Stage("embedding", "Token embedding", ":material/table_rows:", "embedding"),
    Stage("position", "Position", ":material/format_list_numbered:", "position"),
    Stage("attention", "Causal attention", ":material/grid_on:", "attention"),
    Stage("feed_forward", "Feed-forward", ":material/hub:", "feed-forward"),
    Stage("residual", "Block and residual stream", ":material/stacked_line_chart:", "residual"),
    Stage("layer_norm", "LayerNorm", ":material/vertical_align_center:", "LayerNorm"),
    Stage("output", "Output probabilities", ":material/bar_chart:", "next word"),
    Stage("train", "Train your own", ":material/model_training:"),
    Stage("glossary", "Glossary and reading", ":material/menu_book:"),
)


def stage(name: str) -> Stage:
    """Return the page called `name`."""
    return next(page for page in STAGES if page.name == name)


def where_you_are(name: str) -> None:
    """Draw the way of the text through the model, this page's part lit, each part a link."""
    with st.container(key="where", horizontal=True, gap="small", vertical_alignment="center"):
        st.html("<span class='where-end'>text</span>", width="content")
        for page in STAGES:
            if page.step is None:
                continue
            with st.container(
                key=f"where-{'here' if page.name == name else page.name}", width="content"
            ):
                st.page_link(page.path, label=page.step)


def neighbours(name: str) -> None:
    """Draw the links to the stage before and the stage after."""
    names = [page.name for page in STAGES]
    here = names.index(name)
    with st.container(
        key="neighbours", horizontal=True, horizontal_alignment="distribute", width="stretch"
    ):
        if here > 0:
            before = STAGES[here - 1]
            st.page_link(before.path, label=f"‹ {before.title}")
        else:
            st.space("small")
        if here + 1 < len(STAGES):
            after = STAGES[here + 1]
            st.page_link(after.path, label=f"{after.title} ›")
