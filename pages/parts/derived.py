"""Keep what was worked out from a trace for as long as the trace itself is kept."""

import threading
from collections.abc import Callable, Hashable
from typing import TypeVar, cast
from weakref import WeakKeyDictionary

from model.trace import Trace

_Derived = TypeVar("_Derived")
# A visitor's clicks ask for few things of one trace; the oldest go.
_MOST = 24
_kept: "WeakKeyDictionary[Trace, dict[Hashable, object]]" = WeakKeyDictionary()
_lock = threading.Lock()


def derived(trace: Trace, name: Hashable, work_out: Callable[[], _Derived]) -> _Derived:
    """Return what `work_out()` gives, from memory if it was asked for before under `name`.

    Args:
        trace: Whatever is worked out depends on nothing but this and `name`.
        name: Tells apart what is worked out from one trace.
        work_out: Called without a lock: two visitors may work at once.
    """
    with _lock:
        found = _kept.setdefault(trace, {})
        if name in found:
            return cast("_Derived", found[name])
    value = work_out()
    with _lock:
        while len(found) >= _MOST:
            found.pop(next(iter(found)))
        found[name] = value
    return value
