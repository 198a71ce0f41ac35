"""One token's way through a feed-forward layer as four strips."""

from collections.abc import Callable

from model.trace import Array
from pages.components.element import element


def widening(
    strips: tuple[Array, Array, Array, Array],
    *,
    key: str,
    title: str,
    neuron: int,
    on_cell: Callable[[], None],
) -> None:
    """Draw input, neurons before and after the curve, and output.

    A number that is pressed sends "cell": `[strip, index]`, strips counted from 0 at the top.

    Args:
        strips: `(d_model,)`, `(d_mlp,)`, `(d_mlp,)`, `(d_model,)`.
        key: Names the element and its state.
        title: For screen readers and the names of saved files.
        neuron: The chosen one.
        on_cell: Called, before the run, when a number is pressed.
    """
    given, pre, post, out = strips
    element("widening", "canvas", "numbers", "stage")(
        key=key,
        data={
            "input": given,
            "pre": pre,
            "post": post,
            "output": out,
            "names": [
                f"in: d_model = {len(given)} numbers, normalized by ln_2",
                f"widened: d_mlp = {len(pre)} neurons, before the curve",
                f"bent by the curve: {len(post)}",
                f"and back: d_model = {len(out)}, added to the stream",
            ],
            "title": title,
            "neuron": neuron,
        },
        on_cell_change=on_cell,
    )
