"""Direct contributions to a logit as calculations that can be followed."""

import numpy as np
from numpy.typing import NDArray

from model.terms import Factor, Term, products, total

_NOTE = (
    "d is the token's row of the output matrix minus the mean row, times γ of the final LayerNorm, "
    "minus its own mean, divided by this run's √(σ² + ε): what a unit of each dimension adds."
)


def direct_term(label: str, vector: NDArray[np.float64], direction: NDArray[np.float64]) -> Term:
    """Return the calculation vector · direction.

    Args:
        label: What the number is, in words.
        vector: `(d_model,)`, what a part adds to the stream.
        direction: `(d_model,)`, from `model.lens.logit_direction`.
    """
    v = Factor("v", vector.astype(np.float32))
    d = Factor("d", direction.astype(np.float32))
    return total(label, "v · d", products(v, d), formula="v · d", note=_NOTE)
