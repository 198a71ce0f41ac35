"""Two strips of numbers, one a token: how much each token's row changed under two conditions.

Drawn by `assets/components/proof/`.
"""

from collections.abc import Sequence

from numpy.typing import NDArray

from pages.components.element import element


def proof(
    *,
    key: str,
    labels: Sequence[str],
    replaced: int,
    replacement: str,
    masked: NDArray,  # pyright: ignore[reportMissingTypeArgument]
    unmasked: NDArray,  # pyright: ignore[reportMissingTypeArgument]
) -> None:
    """Draw the largest difference in each token's row, with the mask on and off.

    Args:
        key: Names the element.
        labels: One text a token, of the original text.
        replaced: Position of the token that was replaced.
        replacement: What the new token is called.
        masked: `(T,)`, differences with the mask on.
        unmasked: `(T,)`, differences with the mask off.
    """
    element("proof", "canvas")(
        key=key,
        data={
            "labels": list(labels),
            "replaced": replaced,
            "replacement": replacement,
            "masked": [difference_text(float(number)) for number in masked],
            "unmasked": [difference_text(float(number)) for number in unmasked],
            "is_proved": not masked[:replaced].any(),
            "count": int((unmasked[:replaced] > 0).sum()),
        },
    )


def difference_text(difference: float) -> str:
    """Write a difference: "0.0" for exactly nothing, else with digits that cannot read as that."""
    if difference == 0:
        return "0.0"
    return f"{difference:.1e}" if difference < 0.001 else f"{difference:.3f}"
