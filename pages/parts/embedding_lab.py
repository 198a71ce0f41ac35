"""The embedding page's row: which one is looked up, its numbers, and its second task as a scorer.

What rows are like it is in `likeness_lab`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from model.arithmetic import logit, token_entry
from model.neighbours import cosine, row_space
from model.trace import Array
from pages.components.byhand import term_tree
from pages.components.matrix import Axis, matrix
from pages.components.vectors import vector_rows
from pages.parts import explain, session
from pages.parts.byhand import by_hand, is_offered
from pages.parts.texts import as_text
from pages.parts.token_search import exact_search, find

MOST_ROWS = 128
TWICE = "He sat on the bank of the river. She went to the bank"


@dataclass(frozen=True)
class LookedUp:
    """Name the token whose row is shown, and where in the text it stands, if it does."""

    id: int
    position: int | None

    @property
    def label(self) -> str:
        """The token's name on the screen."""
        return session.cutter().label(self.id)


def token_rows() -> Array:
    """Return `(vocab_size, d_model)`, the learned table."""
    return session.parameters()["wte.weight"]


def looked_up() -> LookedUp:
    """Return the token that was searched for, else the one chosen in the prompt."""
    ids, query = session.tokens().ids, session.selection().query
    found = find(session.widget("find_token", ""), session.cutter())
    if not found:
        return LookedUp(ids[query], query)
    chosen = session.widget("which_token", None)
    token_id = chosen if chosen in found else found[0]
    return LookedUp(token_id, ids.index(token_id) if token_id in ids else None)


def finder() -> None:
    """Let the visitor search for any token; an empty box means the prompt's."""
    typed = st.text_input(
        "Look up a token",
        key="find_token",
        placeholder="A word, a part of it, or #id",
        help="Empty: the token chosen in your text.",
        live="250ms",
        max_chars=40,
        bind="query-params",
    )
    cutter = session.cutter()
    found = find(typed, cutter)
    if typed and not found:
        st.warning(
            "No token of this vocabulary contains that: it is cut into several. "
            "The row below is the one chosen in your text.",
            icon=":material/search_off:",
        )
    elif len(found) > 1:
        st.selectbox(
            f"Tokens that contain it: {len(found)}",
            found,
            key="which_token",
            format_func=lambda token_id: f"{cutter.label(token_id)}   id {token_id}",
            bind="query-params",
        )


def look_up(token_id: int) -> None:
    """Show another token's row; call it from a callback."""
    session.set_widget("find_token", exact_search(token_id))


def table_picture(shown: LookedUp) -> None:
    """Draw rows of the table with the one that was looked up."""
    rows = token_rows()
    ids = sampled_ids(len(rows), shown.id)
    matrix(
        key="wte",
        title="Token embedding",
        values=rows[list(ids)],
        rows=Axis("id", ids=ids),
        columns=Axis("dimension"),
        is_learned=True,
        selected=(ids.index(shown.id), session.selection().dim),
        on_cell_change=lambda: _choose_row(ids),
    )
    st.caption(
        f"The learned table, `wte`: {len(rows):,} rows (one a token), {rows.shape[1]} columns. "
        f"{len(ids)} rows are drawn, evenly spaced, and row {shown.id:,}, which is outlined. "
        "Click another to look it up."
    )


def sampled_ids(n_rows: int, chosen: int) -> tuple[int, ...]:
    """Return at most `MOST_ROWS` evenly spaced ids and the chosen one, in order."""
    spaced = np.linspace(0, n_rows - 1, min(n_rows, MOST_ROWS)).astype(int).tolist()
    return tuple(sorted({*spaced, chosen}))


def _choose_row(ids: Sequence[int]) -> None:
    cell = session.element_state("wte", "cell")
    if cell and 0 <= cell[0] < len(ids):
        look_up(ids[cell[0]])
        session.select(dim=int(cell[1]))


def row_numbers(shown: LookedUp) -> None:
    """Draw the row's own numbers, and hold it against the pass that ran."""
    rows, dim = token_rows(), session.selection().dim
    vector_rows(
        key="row",
        labels=[shown.label],
        values=rows[[shown.id]],
        row=0,
        column=dim,
        role="weights",
        title=f"Row {shown.id}",
        on_cell_change=_choose_dim,
    )
    st.markdown(_check_words(shown))


def _choose_dim() -> None:
    cell = session.element_state("row", "cell")
    if cell:
        session.select(dim=int(cell[1]))


def _check_words(shown: LookedUp) -> str:
    row, name = token_rows()[shown.id], as_text(shown.label)
    length = f"Its length, √(sum of squares), is {np.linalg.norm(row):.3f}."
    places = [at for at, token_id in enumerate(session.tokens().ids) if token_id == shown.id]
    if not places:
        return f"{length} {name} does not stand in your text: the pass did not read this row."
    embedded = session.trace().tok_embed[places]
    difference = float(np.abs(embedded - row).max())
    where = "position " + ", ".join(str(place) for place in places[:8])
    words = (
        f"{length} The pass on your text took this row for {where}; "
        f"largest difference between the two: {difference:.1f}."
    )
    return f"{words} {_same_row_words(places)}" if len(places) > 1 else words


def _same_row_words(places: Sequence[int]) -> str:
    """Say what became of the first and the last of several equal tokens."""
    final = session.trace().blocks[-1].resid_post[[places[0], places[-1]]]
    alike = cosine(row_space(final), 0, 1)
    return (
        f"The row is the same at all {len(places)} places. After the last block the vectors at "
        f"positions {places[0]} and {places[-1]} differ: their cosine is {alike:.3f}."
    )


def tying(shown: LookedUp) -> None:
    """Work one logit out with the row that was looked up."""
    config, trace = session.config(), session.trace()
    st.subheader("The same row, at the other end", anchor=False)
    st.markdown(explain.sections("embedding")["Tied" if config.is_tied else "Untied"])
    found = logit(
        trace,
        session.parameters(),
        position=len(trace.tokens) - 1,
        token_id=shown.id,
        label=shown.label,
    )
    if is_offered():
        term_tree(key="logit", term=found.term, model_value=found.model_value)


def entry_by_hand(shown: LookedUp) -> None:
    """Work the chosen number of the row out; of a token that the pass read."""
    if shown.position is None:
        return
    found = token_entry(
        session.trace(),
        session.parameters(),
        position=shown.position,
        dim=session.selection().dim,
    )
    by_hand(found.term, model_value=found.model_value)


def things_to_try() -> None:
    """Offer a search, the same token twice, the mean row taken out."""
    explain.tries(
        "embedding",
        explain.Try(
            "See one token twice",
            _see_one_token_twice,
            "Under the row: the same numbers at both places, other vectors after the last block.",
            shows="row",
            needs="prompt",
        ),
        explain.Try(
            "Look up ␣three",
            lambda: session.set_widget("find_token", "three"),
            "Its neighbours, and the band of chance behind them.",
            shows="is_centered",
        ),
        explain.Try(
            "Subtract the mean row",
            lambda: session.set_widget("is_centered", True),
            "See where the band of chance goes, and which neighbours stay.",
            shows="is_centered",
        ),
    )


def _see_one_token_twice() -> None:
    session.set_widget("find_token", "")
    session.set_text(TWICE)
    session.select(query=session.LAST)


def shapes(shown: LookedUp) -> str:
    """Return this run's sizes, a line each."""
    config, T = session.config(), len(session.tokens())
    lines = (
        f"wte: (vocab_size, d_model) = ({config.vocab_size:,}, {config.d_model})",
        f"ids: (T,) = ({T},)",
        f"tok_embed = wte[ids]: (T, d_model) = ({T}, {config.d_model})",
        f"the row shown: wte[{shown.id}], ({config.d_model},)",
    )
    return "\n".join(lines)
