"""The ledger of a logit on the residual page: rows, checksum, and an entry worked out by hand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from model.terms import Term, recorded, total
from model.trace import Trace
from pages.components.ledger import BarRow, signed_bars
from pages.parts import session
from pages.parts.byhand import by_hand, is_offered
from pages.parts.derived import derived
from pages.parts.direct import direct_term
from pages.parts.opened import open_panel, opened_index
from pages.parts.token_choice import token_choice

if TYPE_CHECKING:
    from model.lens import Ledger, LedgerEntry


def account(trace: Trace) -> None:
    """Draw the ledger of the chosen token's logit, with its checksum."""
    position = session.selection().query
    token_id = token_choice(trace.logits[position], key="explain-token")
    booked = booked_logit(trace, position, token_id)
    label = session.cutter().label(token_id)
    signed_bars(
        ledger_rows(booked),
        key="ledger",
        title=f"Ledger of the logit of {label} after position {position}",
        what="part",
        unit="logit",
        action="Work this out by hand, and select its block and head",
        on_chosen=lambda: _choose_part(booked),
    )
    st.text(checksum(booked, trace.config.vocab_size))
    _account_by_hand(trace, booked, label)


def _account_by_hand(trace: Trace, booked: "Ledger", label: str) -> None:
    """Work the sum of the ledger out, the entry that was pressed product by product."""
    from model.lens import logit_direction, stream_parts

    if not is_offered():
        return
    index = opened_index("ledger", len(booked.entries))
    if index is None:
        st.caption("Press a part to work its entry out by hand.")
        return
    model, position = session.model(), booked.position
    terms = [recorded(_entry_name(entry), "entry", entry.amount) for entry in booked.entries]
    direction = logit_direction(model, trace, position, booked.id)
    for number, part in enumerate(stream_parts(model, trace, position)):
        if number == index:
            terms[number] = direct_term(terms[number].label, part.vector, direction)
    sums = summed(booked.entries, terms)
    term = total(f"logit of {label}, minus the mean logit", "logit − mean", sums)
    by_hand(term, model_value=booked.logit - booked.mean_logit, key="by-hand-ledger")


def summed(entries: "Sequence[LedgerEntry]", terms: Sequence[Term]) -> list[Term]:
    """Add the entries of each sub-layer up, so that the sums are the rows that the ledger shows."""
    found, left = [], list(terms)
    for name, members in _grouped(entries):
        own, left = left[: len(members)], left[len(members) :]
        found.append(own[0] if len(own) == 1 else total(name, "Σ of its parts", own))
    return found


def _entry_name(entry: "LedgerEntry") -> str:
    row = _row(entry, -1)
    return f"{row.note} {row.label}".strip()


def booked_logit(trace: Trace, position: int, token_id: int) -> "Ledger":
    """Return the ledger of one logit."""
    from model.lens import ledger

    model = session.model()
    return derived(
        trace, ("ledger", position, token_id), lambda: ledger(model, trace, position, token_id)
    )


def ledger_rows(booked: "Ledger") -> list[BarRow]:
    """Return a row for each entry, those of one sub-layer under a row with their sum."""
    rows: list[BarRow] = []
    for name, entries in _grouped(booked.entries):
        if len(entries) == 1:
            rows.append(_row(entries[0], -1))
            continue
        parent = len(rows)
        role = "attention" if entries[0].kind == "head" else "mlp"
        total = sum(entry.amount for entry in entries)
        rows.append(BarRow(name, total, "", role, -1, len(entries), can_choose=True))
        rows += [_row(entry, parent) for entry in entries]
    return rows


def _grouped(entries: "Sequence[LedgerEntry]") -> "list[tuple[str, list[LedgerEntry]]]":
    groups: list[tuple[str, list[LedgerEntry]]] = []
    for entry in entries:
        name = _group(entry)
        if groups and groups[-1][0] == name:
            groups[-1][1].append(entry)
        else:
            groups.append((name, [entry]))
    return groups


def _group(entry: "LedgerEntry") -> str:
    if entry.block is None:
        return entry.kind
    part = "attention" if entry.kind in ("head", "attention bias") else "feed-forward"
    return f"block {entry.block + 1} {part}"


_NAMES = {
    "token": ("token embedding", "weights"),
    "position": ("position embedding", "weights"),
    "attention bias": ("attention bias", "weights"),
    "mlp": ("feed-forward", "mlp"),
    "mlp bias": ("feed-forward bias", "weights"),
    "final norm bias": ("β of the final LayerNorm", "weights"),
}


def _row(entry: "LedgerEntry", parent: int) -> BarRow:
    block = "" if entry.block is None else f"block {entry.block + 1}"
    if entry.head is not None:
        name, role = f"head {entry.head + 1}", "attention"
    else:
        name, role = _NAMES[entry.kind]
    return BarRow(name, entry.amount, block, role, parent, can_choose=True)


def _choose_part(booked: "Ledger") -> None:
    """Take over the block, and the head if it is one, of the row that was pressed."""
    index = session.element_state("ledger", "chosen")
    places: list[int] = []
    first = 0
    for _, entries in _grouped(booked.entries):
        numbers = list(range(first, first + len(entries)))
        # A group's own row stands before its members' rows, for its largest entry.
        largest = max(numbers, key=lambda number: abs(booked.entries[number].amount))
        places += numbers if len(numbers) == 1 else [largest, *numbers]
        first += len(entries)
    if not isinstance(index, int) or not 0 <= index < len(places):
        return
    open_panel("ledger", places[index])
    entry = booked.entries[places[index]]
    if entry.block is not None:
        session.select(block=entry.block)
    if entry.head is not None:
        session.select(head=entry.head)


def checksum(booked: "Ledger", vocab_size: int) -> str:
    """Write that the entries add up to the model's own number, and how nearly."""
    own = booked.logit - booked.mean_logit
    text = (
        f"Checksum: {len(booked.entries)} entries add up to {booked.total:.6f}. "
        f"The model's own logit {booked.logit:.6f}, minus the mean over all {vocab_size:,} tokens "
        f"{booked.mean_logit:.6f}, is {own:.6f}. Difference: {booked.difference:.1e}."
    )
    return text.replace(" -", " −").replace("e-", "e−")
