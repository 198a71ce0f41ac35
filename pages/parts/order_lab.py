"""What order does: two tokens exchanged, with and without position rows, each a pass of its own."""

import streamlit as st

from model.positions import changes, moved_probability, stage_names, swapped
from model.tokenizer import Tokens
from model.trace import Array, Silenced, Trace
from pages.components.matrix import Axis, matrix
from pages.parts import explain, session
from pages.parts.next_list import next_probabilities, next_tokens
from pages.parts.numbers import percent, times_as_percent

POSITIONS = Silenced("positions")
ROUNDING = 1e-4
_SHOWN = 5
_SWAPPED = {"swap_a": "This", "swap_b": "and this"}


def swap_two() -> None:
    """Let the visitor exchange two tokens and see which numbers change."""
    st.subheader("Swap two tokens", anchor=False)
    st.markdown(explain.sections("position")["Swap"])
    tokens = session.tokens()
    if len(tokens) < 2 + session.is_start_read():
        st.caption("Two tokens are needed: type some more text.")
        return
    first, second = _pickers(tokens)
    is_without = st.toggle(
        "Leave the position rows out", key="without_positions", bind="query-params"
    )
    silenced = POSITIONS if is_without else None
    other = swapped(tokens, first, second)
    before, after = session.trace(silenced), session.trace(silenced, of=other)
    picture, words = st.columns([3, 2], gap="large")
    with picture:
        moved = changes(before, after)
        _change_map(moved, other)
        st.markdown(_change_words(moved, tokens, first, second))
    with words:
        next_tokens("order-before", before, title="As typed.", count=_SHOWN)
        next_tokens("order-after", after, title="Swapped.", count=_SHOWN)
    st.markdown(_order_words(tokens, other, second))


def _pickers(tokens: Tokens) -> tuple[int, int]:
    """Let two positions be chosen; the start token stays where it is."""
    places = list(range(int(session.is_start_read()), len(tokens)))
    cutter, chosen = session.cutter(), []
    for column, (name, label) in zip(st.columns(2), _SWAPPED.items(), strict=True):
        key = f"{name}_picker"
        session.mirror(key, _within(places, name))
        with column:
            place = st.selectbox(
                label,
                places,
                key=key,
                format_func=lambda at: f"{at}  {cutter.label(tokens.ids[at])}",
                on_change=_choose,
                args=(name, key),
            )
            chosen.append(int(place))
    return min(chosen), max(chosen)


def _choose(name: str, key: str) -> None:
    session.take(key, name)


def _within(places: list[int], name: str) -> int:
    """Return the place that was chosen before, if this text still has it."""
    place = session.choice(name, places[-1] + 1)
    first = 1 + list(_SWAPPED).index(name)
    return place if place in places else places[min(first, len(places) - 1)]


def _change_map(moved: Array, other: Tokens) -> None:
    cutter = session.cutter()
    matrix(
        key="changes",
        title="How far each vector moved",
        values=moved,
        rows=Axis("stage", names=stage_names(session.config().n_layer)),
        columns=Axis(
            "position", names=[f"{at} {cutter.label(i)}" for at, i in enumerate(other.ids)]
        ),
        is_signed=False,
        row_height=24,
        most_cell=56,
        hint="Point at a cell: how far the swap moved one vector, as a share of its length.",
    )


def _change_words(moved: Array, tokens: Tokens, first: int, second: int) -> str:
    if tokens.ids[first] == tokens.ids[second]:
        return "The two tokens are the same: not one number changes."
    untouched = moved[:, :first]
    before = (
        f"Before position {first} not one number changed, at any stage: the mask lets nothing "
        "later reach them. "
        if first and not untouched.any()
        else ""
    )
    after_first_block = moved[3, second + 1 :]
    spread = (
        f"After block 1 the later tokens have moved too, the last one by "
        f"{times_as_percent(float(moved[3, -1]))} of its length: attention carried the news. "
        if len(after_first_block)
        else ""
    )
    return (
        f"{before}The token rows of {first} and {second} changed places; the position rows stayed. "
        f"{spread}After the last block the last vector has moved by "
        f"{times_as_percent(float(moved[-1, -1]))} of its length."
    )


def _order_words(tokens: Tokens, other: Tokens, second: int) -> str:
    """Say how much the swap weighs with position rows, and how much without."""
    given = _probabilities(None, tokens)
    bare = _probabilities(POSITIONS, tokens)
    with_rows = moved_probability(given, _probabilities(None, other))
    without = moved_probability(bare, _probabilities(POSITIONS, other))
    return (
        f"The swap moves **{percent(with_rows)}** of the next token's probability to other tokens. "
        f"Without position rows it moves **{percent(without)}**. {_why(without, tokens, second)} "
        "Leaving the rows out of the text as typed moves "
        f"{percent(moved_probability(given, bare))}: this model was trained with them."
    )


def _why(without: float, tokens: Tokens, second: int) -> str:
    n_layer = session.config().n_layer
    if second == len(tokens) - 1:
        return "One of the two is the last token, from which the prediction is made."
    if n_layer == 1:
        return (
            "With one block and no position rows, the last token mixes the earlier ones as a set: "
            "their order is lost, up to rounding."
        )
    if without < ROUNDING:
        return "So little that this text's order is all but lost without them."
    return (
        f"Not nothing: with {n_layer} blocks the mask alone tells order, since each earlier vector "
        "already depends on what stood before it."
    )


def _probabilities(silenced: Silenced | None, tokens: Tokens) -> Array:
    return next_probabilities(_trace(silenced, tokens))


def _trace(silenced: Silenced | None, tokens: Tokens) -> Trace:
    return session.trace(silenced, of=tokens)
