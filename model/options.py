"""Numbers of the command line, refused in a sentence that argparse puts the option's name before.

For options whose bounds nothing else checks: sizes, recipes and sampling settings check themselves.
"""

import argparse
import math
from collections.abc import Callable


def whole(least: int) -> Callable[[str], int]:
    """Return a reader, an argparse `type`, of whole numbers of at least `least`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return number

    return read


def amount(*, is_zero_allowed: bool) -> Callable[[str], float]:
    """Return a reader, an argparse `type`, of numbers above 0, or of 0 too."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and (number > 0 or (is_zero_allowed and number == 0))):
            bound = "of at least 0" if is_zero_allowed else "above 0"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {bound}")
        return number

    return read
