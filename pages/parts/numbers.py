"""Write numbers for people: never rounded into a lie."""


def percent(share: float, *, digits: int = 1) -> str:
    """Return a share of 0 to 1 as a percentage: "0 %" and "100 %" only where that is exact."""
    if share <= 0:
        return "0 %"
    if share >= 1:
        return "100 %"
    smallest = 10**-digits
    value = 100 * share
    if value < smallest:
        return f"<{smallest:.{digits}f} %"
    if value > 100 - smallest:
        return f">{100 - smallest:.{digits}f} %"
    return f"{value:.{digits}f} %"


def signed(value: float, *, digits: int = 2) -> str:
    """Return a number with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")
