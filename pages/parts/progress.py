"""Tell how far a walk over all blocks is, where each of them is worked out when it is read."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import streamlit as st

from model.trace import BlockTrace, Trace

_Read = TypeVar("_Read")


def each_block(trace: Trace, doing: str) -> Iterator[BlockTrace]:
    """Yield the blocks in their order, with progress where the trace does not hold them yet."""
    return walk(trace, trace.blocks, doing)


def walk(trace: Trace, read: Iterable[_Read], doing: str) -> Iterator[_Read]:
    """Yield what is read of each block; show progress where the trace does not hold them yet.

    Args:
        trace: Of a short text it holds its blocks, and nothing is shown.
        read: One for each block, worked out when asked for.
        doing: What the visitor waits for: "Working out all heads".
    """
    if isinstance(trace.blocks, tuple):
        yield from read
        return
    n_layer = len(trace.blocks)
    bar = st.progress(0.0, f"{doing}: block 1 of {n_layer}")
    for done, one in enumerate(read, 1):
        yield one
        bar.progress(done / n_layer, f"{doing}: block {min(done + 1, n_layer)} of {n_layer}")
    bar.empty()
