"""Likeness of rows against torch, against numpy by hand, and on pictures one can draw."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from model.neighbours import (
    cosine,
    cosine_matrix,
    cosines,
    nearest,
    project,
    random_pairs,
    row_space,
    variance_shares,
    with_all_others,
)

ROWS = np.random.default_rng(0).normal(0.3, 1, (200, 24)).astype(np.float32)


@pytest.mark.parametrize("is_centered", [False, True])
def test_cosines_equal_torchs(is_centered):
    mean = ROWS.mean(axis=0) if is_centered else 0
    rows, vector = torch.tensor(ROWS - mean), torch.tensor(ROWS[7] - mean)
    expected = F.cosine_similarity(rows, vector[None], dim=1).numpy()
    space = row_space(ROWS, is_centered=is_centered)
    # float32 rounding of sums of 24 products.
    np.testing.assert_allclose(cosines(space, ROWS[7]), expected, atol=2e-6)
    assert cosine(space, 3, 7) == pytest.approx(expected[3], abs=2e-6)


def test_cosine_matrix_equals_torchs():
    rows = torch.tensor(ROWS[:9])
    expected = F.cosine_similarity(rows[:, None], rows[None], dim=2).numpy()
    np.testing.assert_allclose(cosine_matrix(ROWS[:9]), expected, atol=2e-6)


def test_a_row_is_nearest_to_itself_unless_it_is_excluded():
    space = row_space(ROWS)
    assert nearest(space, ROWS[5], count=1)[0].id == 5
    assert 5 not in [found.id for found in nearest(space, ROWS[5], count=199, excluded=(5,))]


def test_nearest_are_in_order_and_no_more_than_there_are():
    found = nearest(row_space(ROWS[:4]), ROWS[0], count=10, excluded=(0, 0, 1))
    assert len(found) == 2
    assert found[0].cosine >= found[1].cosine


def test_random_pairs_of_rows_with_a_common_direction_are_not_at_zero():
    generator = np.random.default_rng(1)
    common = ROWS + 5
    assert random_pairs(row_space(common), generator).mean > 0.9
    assert abs(random_pairs(row_space(common, is_centered=True), generator).mean) < 0.05


def test_nine_of_ten_random_pairs_lie_in_the_band():
    baseline = random_pairs(row_space(ROWS), np.random.default_rng(2))
    shares = baseline.share_below(baseline.low), baseline.share_below(baseline.high)
    assert shares == pytest.approx((0.05, 0.95), abs=0.001)
    assert baseline.share_below(2.0) == 1


def test_no_pair_is_a_row_with_itself():
    baseline = random_pairs(row_space(np.eye(2, dtype=np.float32)), np.random.default_rng(0))
    assert baseline.high == 0


def test_pairs_among_some_rows_are_of_those_rows_only():
    rows = np.concatenate([np.eye(4), np.ones((6, 4))]).astype(np.float32)
    found = random_pairs(row_space(rows), np.random.default_rng(0), ids=range(4, 10))
    assert found.low == pytest.approx(1)


def test_one_row_with_all_others_leaves_itself_out():
    space = row_space(ROWS)
    found = with_all_others(space, ROWS[3], excluded=(3,))
    assert len(found.sorted_cosines) == len(ROWS) - 1
    assert found.sorted_cosines[-1] == pytest.approx(
        nearest(space, ROWS[3], count=1, excluded=(3,))[0].cosine
    )


def test_a_row_of_zeros_is_like_nothing():
    rows = np.array([[0, 0], [1, 0]], np.float32)
    assert cosines(row_space(rows), rows[1]).tolist() == [0, 1]
    assert cosine_matrix(rows)[0].tolist() == [0, 0]


def test_a_flat_cloud_is_seen_whole_in_two_directions():
    flat = np.zeros((50, 6), np.float32)
    flat[:, [1, 4]] = np.random.default_rng(3).normal(size=(50, 2)) * (3, 1)
    found = project(flat, 2)
    assert found.shares[:2].sum() == pytest.approx(1)
    distances = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    seen = np.linalg.norm(found.points[:, None] - found.points[None], axis=2)
    np.testing.assert_allclose(seen, distances, atol=1e-5)


def test_the_shares_of_variance_are_those_of_the_covariance():
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(ROWS.T.astype(np.float64))))[::-1]
    np.testing.assert_allclose(
        variance_shares(ROWS), eigenvalues / eigenvalues.sum(), rtol=1e-5, atol=1e-7
    )
    assert project(ROWS, 3).shares.sum() == pytest.approx(1, abs=1e-5)


def test_directions_that_rows_do_not_have_are_zero():
    found = project(ROWS[:2], 3)
    assert found.points[:, 2].tolist() == [0, 0]
    assert not project(ROWS[:1], 2).points.any()
