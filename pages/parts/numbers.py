"""Write numbers for people: never rounded into a lie."""

from pages.components.percent import percent as percentage
from pages.components.percent import signed as signed


def percent(share: float, *, digits: int = 1) -> str:
    """Return a share of 0 to 1 as a percentage: "0 %" and "100 %" only where that is exact."""
    return percentage(min(max(share, 0.0), 1.0), digits=digits, is_exact=True)


def times_as_percent(ratio: float, *, digits: int = 1) -> str:
    """Return a ratio of 0 or more, which may pass 1, as a percentage: "130.5 %"."""
    return percent(ratio, digits=digits) if ratio <= 1 else f"{100 * ratio:,.{digits}f} %"
