"""Which calculations are open: what was pressed last in each element, kept in the link.

In the address bar it is one text, "stream-3-cosine.addition-2": entries between points, each the
name of what was pressed in and its fields. A link may hold anything: what it opens is looked up,
never run, and what is not there stays closed.
"""

from pages.parts import session

_ENTRY, _FIELD = ".", "-"


def open_panel(name: str, *fields: int | str) -> None:
    """Remember what was pressed; call it from a callback.

    Args:
        name: Of what it was pressed in; one entry each is kept.
        fields: What names the number there, without points and hyphens.
    """
    known = [entry for entry in _entries() if entry[0] != _plain(name)]
    entries = [*known, (_plain(name), *map(str, fields))]
    session.select(opened=_ENTRY.join(_FIELD.join(entry) for entry in entries))


def close_panel(name: str) -> None:
    """Forget what was pressed under `name`; call it from a callback."""
    left = [entry for entry in _entries() if entry[0] != _plain(name)]
    session.select(opened=_ENTRY.join(_FIELD.join(entry) for entry in left))


def opened(name: str) -> tuple[str, ...] | None:
    """Return the fields of what was pressed last under `name`; none if nothing was."""
    fields = {entry[0]: entry[1:] for entry in _entries()}
    return fields.get(_plain(name))


def opened_index(name: str, count: int) -> int | None:
    """Return the first field under `name` as an index below `count`; none if it is none."""
    first, *_ = opened(name) or ("",)
    return index_below(first, count)


def index_below(field: str, count: int) -> int | None:
    """Read a field as an index from 0; none if it is no number or not below `count`."""
    is_number = field.isascii() and field.isdigit() and len(field) < 10
    return int(field) if is_number and int(field) < count else None


def _entries() -> list[tuple[str, ...]]:
    return [tuple(entry.split(_FIELD)) for entry in session.opened().split(_ENTRY) if entry]


def _plain(name: str) -> str:
    return name.replace(_FIELD, "_").replace(_ENTRY, "_")
