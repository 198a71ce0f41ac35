"""Work out once what depends on a table of parameters alone, whoever asks."""

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeVar

from model.trace import Array

Value = TypeVar("Value")
_KEPT = 24


class _Same:
    """Stand for one array object: equal to itself alone, and cheap to compare."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.array is self.array

    def __hash__(self) -> int:
        return id(self.array)


def once(work: Callable[..., Value], array: Array, *more: Hashable) -> Value:
    """Return `work(array, *more)`, worked out again only for another array or other arguments.

    Args:
        work: A function of a module; what it returns is shared, so nobody may change it.
        array: Read-only, as parameters are: the same object has the same numbers for ever. It is
            kept alive while its results are.
        *more: Further arguments of `work`.
    """
    return _kept(work, _Same(array), more)


@lru_cache(maxsize=_KEPT)
def _kept(work: Callable[..., Any], same: _Same, more: tuple[Hashable, ...]) -> Any:
    return work(same.array, *more)
