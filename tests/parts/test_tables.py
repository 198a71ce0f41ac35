"""Numbers as files and as words: nothing is lost, nothing runs, nothing is rounded into a lie."""

import csv
import io

import numpy as np

from model.trace import NormTrace
from pages.parts.microscope import Microscope, table
from pages.parts.numbers import signed, times_as_percent
from pages.parts.tables import csv_file, csv_text


def test_a_table_is_read_back_as_it_was_written():
    rows = [("␣a,b", 1.5), ('"quoted"', None), ("two\nlines", -3)]
    read = list(csv.reader(io.StringIO(csv_text(("token", "value"), rows))))
    assert read == [
        ["token", "value"],
        ["␣a,b", "1.5"],
        ['"quoted"', ""],
        ["two\nlines", "-3"],
    ]


def test_a_file_says_that_it_is_utf_8_and_ends_its_lines_as_spreadsheets_do():
    file = csv_file(csv_text(("token",), [("␣the",)]))
    assert file.startswith(b"\xef\xbb\xbf")
    assert file.decode("utf-8-sig") == "token\r\n␣the\r\n"


def test_a_token_that_looks_like_a_formula_is_kept_from_running():
    text = csv_text(("token",), [("=1+1",), ("-x",), ("@a",), (-2,)])
    assert text.splitlines()[1:] == ["'=1+1", "'-x", "'@a", "-2"]


def test_a_token_s_numbers_are_read_back_bit_for_bit_the_negative_ones_too():
    draws = np.random.default_rng(0)
    x, normalized, out = draws.normal(size=(3, 1, 8)).astype(np.float32)
    gamma, beta = draws.normal(size=(2, 8)).astype(np.float32)
    one = np.ones(1, np.float32)
    left = NormTrace(mean=one, var=one, std=one, normalized=normalized, out=out)
    seen = Microscope("ln_f", 0, 0, x, left, gamma, beta, has_gamma=True, has_beta=True)
    lines = list(csv.DictReader(io.StringIO(table(seen))))
    for name, column in (
        ("x", x[0]),
        ("normalized", normalized[0]),
        ("gamma", gamma),
        ("beta", beta),
    ):
        assert (column < 0).any()
        found = np.array([line[name] for line in lines]).astype(np.float32)
        assert np.array_equal(found, column)


def test_a_ratio_above_one_is_not_cut_to_all_of_it():
    assert times_as_percent(1.305) == "130.5 %"
    assert times_as_percent(0.0204) == "2.0 %"
    assert times_as_percent(0.0) == "0 %"
    assert times_as_percent(0.0001) == "<0.1 %"


def test_a_negative_number_has_a_true_minus_sign():
    assert signed(-0.125, digits=3) == "−0.125"
    assert signed(0.125, digits=1) == "0.1"
    assert signed(-0.0004, digits=3) == "0.000"
