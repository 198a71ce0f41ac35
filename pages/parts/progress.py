"""Tell how far a walk over all blocks is, where each of them is worked out when it is read."""

from collections.abc import Iterator

import streamlit as st

from model.trace import BlockTrace, Trace


def each_block(trace: Trace, doing: str) -> Iterator[BlockTrace]:
    """Yield the blocks in their order; show progress where the trace does not hold them yet.

    Args:
        trace: Of a short text it holds its blocks, and nothing is shown.
        doing: What the visitor waits for: "Working out all heads".
    """
    if isinstance(trace.blocks, tuple):
        yield from trace.blocks
        return
    bar, n_layer = st.progress(0.0, f"{doing}: block 1 of {len(trace.blocks)}"), len(trace.blocks)
    for index in range(n_layer):
        yield trace.blocks[index]
        here = min(index + 2, n_layer)
        bar.progress((index + 1) / n_layer, f"{doing}: block {here} of {n_layer}")
    bar.empty()
