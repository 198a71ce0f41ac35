"""What depends on an array alone is worked out once for each array object."""

import numpy as np

from pages.parts.once import once

calls = []


def total(array):
    calls.append(array)
    return float(array.sum())


def test_the_same_array_is_worked_out_once_and_an_equal_one_again():
    first, equal = np.ones(3, np.float32), np.ones(3, np.float32)
    assert [once(total, first), once(total, first), once(total, equal)] == [3, 3, 3]
    assert len(calls) == 2
