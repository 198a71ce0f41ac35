"""Two passes over the same text side by side, and any of their numbers worked out by hand."""

from model import arithmetic
from model.sampling import SamplingSettings, distribution
from model.terms import Derived
from model.trace import Trace
from pages.components.compare import Pressed, compare_bars, divergence, pressed_number
from pages.parts import session
from pages.parts.byhand import by_hand
from pages.parts.opened import index_below, open_panel, opened
from pages.parts.token_choice import explained_token


def comparison(before: Trace, after: Trace, *, key: str, changed: str) -> None:
    """Draw what may follow the selected query in both passes, and the number that was pressed.

    Args:
        before: The whole model's pass.
        after: The other.
        key: Names the element and what is remembered of it.
        changed: What is different in the other pass: "without this head".
    """
    position, cutter = session.selection().query, session.cutter()
    rows = before.logits[position], after.logits[position]
    pressed = _opened_number(key, len(rows[0]))
    compare_bars(
        key=key,
        before=rows[0],
        after=rows[1],
        label=cutter.label,
        changed=changed,
        explained=explained_token(rows[0]),
        pressed=pressed,
        on_pressed=lambda: _open(key, len(rows[0])),
    )
    if pressed is not None:
        found = worked_out(pressed, before, after, position)
        by_hand(found.term, model_value=found.model_value, key=f"{key}-by-hand")


def _open(key: str, vocab_size: int) -> None:
    """Take over the number that was pressed."""
    pressed = pressed_number(session.element_state(key, "pressed"), vocab_size)
    if pressed is not None:
        open_panel(key, *pressed)


def _opened_number(key: str, vocab_size: int) -> Pressed | None:
    fields = opened(key) or ()
    if len(fields) != 3:
        return None
    number, side, token_id = fields
    found = {"number": number, "side": side, "id": index_below(token_id, vocab_size)}
    return pressed_number(found, vocab_size)


def worked_out(pressed: Pressed, before: Trace, after: Trace, position: int) -> Derived:
    """Return the calculation of one number of the comparison, from the pass it belongs to."""
    label, rows = session.cutter().label, (before.logits[position], after.logits[position])
    if pressed.number == "distance":
        return arithmetic.divergence(*rows, model_value=divergence(*rows), label=label)
    if pressed.side == "change":
        both = [_of_one_pass(pressed, trace, position) for trace in (before, after)]
        return arithmetic.change(f"how far the logit of {label(pressed.id)} moved", *both)
    return _of_one_pass(pressed, before if pressed.side == "before" else after, position)


def _of_one_pass(pressed: Pressed, trace: Trace, position: int) -> Derived:
    label, logits = session.cutter().label, trace.logits[position]
    if pressed.number == "probability":
        found = distribution(logits, SamplingSettings())
        return arithmetic.probability(found, temperature=1.0, token_id=pressed.id, label=label)
    if pressed.number == "rank":
        return arithmetic.rank(logits, token_id=pressed.id, label=label)
    return arithmetic.logit(
        trace,
        session.parameters(),
        position=position,
        token_id=pressed.id,
        label=label(pressed.id),
    )
