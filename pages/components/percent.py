"""Write shares and counts for the screen, so that no rounding says what is not so."""

import math


def percent(share: float, *, digits: int = 2, is_exact: bool = False) -> str:
    """Write a share of 0 to 1 as a percentage.

    "0 %" and "100 %" are said only where `is_exact` vouches for them; what would merely round
    there is written "<0.01 %" and ">99.99 %".

    Args:
        share: 0 to 1.
        digits: Decimals.
        is_exact: Whether a share of exactly 0 or 1 is no rounding.
    """
    if is_exact and share in (0.0, 1.0):
        return "0 %" if share == 0.0 else "100 %"
    smallest = 10.0**-digits
    if 100 * share < smallest:
        return f"<{smallest:.{digits}f} %"
    if 100 * share > 100 - smallest:
        return f">{100 - smallest:.{digits}f} %"
    return f"{100 * share:.{digits}f} %"


def signed(value: float, *, digits: int = 2) -> str:
    """Write a number with a true minus sign, and none before what rounds to 0."""
    return f"{value:z.{digits}f}".replace("-", "−")


def count(number: int) -> str:
    """Write a whole number with commas between thousands."""
    return f"{number:,}"


def tokens(number: int) -> str:
    """Write a number of tokens: "1 token", "8,192 tokens"."""
    return f"{number:,} token" if number == 1 else f"{number:,} tokens"


def bits(share: float) -> float:
    """Return the surprise of something that had this probability: −log2 of it, in bits."""
    return math.inf if share == 0 else -math.log2(share)
