"""Write numbers for people: never rounded into a lie."""

from pages.components.percent import percent as percentage


def percent(share: float, *, digits: int = 1) -> str:
    """Return a share of 0 to 1 as a percentage: "0 %" and "100 %" only where that is exact."""
    return percentage(min(max(share, 0.0), 1.0), digits=digits, is_exact=True)


def signed(value: float, *, digits: int = 2) -> str:
    """Return a number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")
