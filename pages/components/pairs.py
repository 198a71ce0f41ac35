"""The x → y shift of training pairs on one text; drawn by `assets/components/pairs/`."""

from collections.abc import Sequence

from pages.components.element import element


def pairs(
    *,
    key: str,
    labels: Sequence[str],
    first: int,
    losses: Sequence[float],
    shares: Sequence[str],
    summary: str,
) -> None:
    """Draw n + 1 tokens as n questions with their answers.

    Args:
        key: Names the element.
        labels: Of the n + 1 tokens.
        first: The position of the first of them.
        losses: n numbers, −ln of the probability the model gave to the token that came.
        shares: The n probabilities as texts.
        summary: What is said while nothing is pointed at.
    """
    element("pairs", "saving")(
        key=key,
        data={
            "labels": list(labels),
            "first": first,
            "losses": list(losses),
            "shares": list(shares),
            "summary": summary,
        },
    )
