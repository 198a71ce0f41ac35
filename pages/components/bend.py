"""The activation curve with one token's neurons on it; drawn by `assets/components/bend/`."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model.trace import Array
from pages.components.element import element

_POINTS = 241
_NARROWEST = 4.0
_erf = np.frompyfunc(math.erf, 1, 1)


def activated(x: NDArray[np.floating], curve: str) -> NDArray[np.float64]:
    """Bend numbers as "gelu_tanh", "gelu" or "relu" does, in float64.

    The GELUs are those of `model.gpt.gelu`; ReLU is max(0, x).
    """
    x = x.astype(np.float64)
    if curve == "relu":
        return np.maximum(x, 0.0)
    if curve == "gelu_tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    share = np.asarray(_erf(x / math.sqrt(2)), dtype=np.float64)
    return 0.5 * x * (1 + share)


def activation_curve(
    pre: Array,
    post: NDArray[np.floating],
    *,
    key: str,
    title: str,
    curve: str,
    other: str,
    names: tuple[str, str],
    run: str,
    neuron: int,
    on_neuron_change: Callable[[], None],
) -> None:
    """Draw the curve, every neuron a dot; the element's state "neuron" is the chosen one.

    Args:
        pre: `(d_mlp,)`, before the curve.
        post: `(d_mlp,)`, after it.
        key: Names the element and its state.
        title: For screen readers and the names of saved files.
        curve: The one the dots lie on: "gelu_tanh", "gelu" or "relu".
        other: The one drawn dashed beside it.
        names: What the two are called.
        run: Names the numbers in `pre`: dots glide where only the curve changes.
        neuron: The chosen one.
        on_neuron_change: Called when another one is chosen.
    """
    low = min(-_NARROWEST, float(pre.min()) * 1.05)
    high = max(_NARROWEST, float(pre.max()) * 1.05)
    grid = np.linspace(low, high, _POINTS)
    element("bend", "canvas", "numbers", "stage")(
        key=key,
        data={
            "pre": pre,
            "post": post.astype(np.float32),
            "grid": grid.astype(np.float32),
            "curve": activated(grid, curve).astype(np.float32),
            "other": activated(grid, other).astype(np.float32),
            "curve_name": names[0],
            "other_name": names[1],
            "title": title,
            "run": run,
            "neuron": neuron,
        },
        on_neuron_change=on_neuron_change,
    )
