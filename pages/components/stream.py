"""One token's residual stream through all blocks; drawn by `assets/components/stream/`."""

from collections.abc import Callable, Sequence

import numpy as np

from pages.components.element import element


def stream_picture(
    steps: Sequence[Sequence[float]],
    *,
    key: str,
    title: str,
    block: int,
    number: Sequence[object] | None,
    on_block_change: Callable[[], None],
    on_number_change: Callable[[], None],
) -> None:
    """Draw the additions of all blocks; the element's state "block" is the chosen one, from 0.

    Its trigger "number" is a number that was pressed, `[addition, kind]`: the addition from 0, two
    a block; the kind "before", "added", "after" (lengths) or "cosine".

    Args:
        steps: For each addition, two a block: the vector's length before, the length added, the
            length after, the cosine between after and before, that between added and before.
        key: Names the element and its state.
        title: For screen readers and the names of saved files.
        block: The chosen block.
        number: The number whose calculation is open.
        on_block_change: Called when another block is chosen.
        on_number_change: Called when a number is pressed.
    """
    element("stream", "canvas", "numbers")(
        key=key,
        data={
            "steps": np.asarray(steps, dtype=np.float32).ravel(),
            "title": title,
            "block": block,
            "number": number,
        },
        on_block_change=on_block_change,
        on_number_change=on_number_change,
    )
