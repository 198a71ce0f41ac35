"""Small pictures of heads, and the pixels of a map: numpy against numbers made by hand."""

import numpy as np
import pytest

from pages.components.attention import map_pixels
from pages.components.heads import MAX_BYTES, thumbnail_size, thumbnails


def test_a_short_text_keeps_one_dot_a_cell():
    pattern = np.array([[[1, 0], [0.25, 0.75]]], np.float32)
    assert thumbnails(pattern).tolist() == [[[255, 0], [128, 221]]]


def test_a_stripe_one_cell_wide_survives_the_shrinking():
    pattern = np.full((1, 1000, 1000), 1e-4, np.float32)
    pattern[:, :, 777] = 0.9
    column = thumbnails(pattern, 64)[0, :, 777 * 64 // 1000]
    assert set(column.tolist()) == {242}


def test_no_dot_above_the_diagonal_holds_a_masked_pattern():
    pattern = np.tril(np.random.default_rng(0).random((3, 101, 101))).astype(np.float32)
    small = thumbnails(pattern, 32)
    assert not np.triu(small, k=1).any()
    assert np.diagonal(small, axis1=1, axis2=2).all()


def test_only_a_true_zero_is_drawn_as_zero():
    assert thumbnails(np.array([[[1e-30]]], np.float32)).item() == 1


@pytest.mark.parametrize(("n_layer", "n_head"), [(1, 1), (6, 8), (12, 12), (48, 25)])
def test_all_pictures_fit_one_message(n_layer, n_head):
    assert n_layer * n_head * thumbnail_size(n_layer, n_head) ** 2 <= MAX_BYTES


def test_weights_are_drawn_by_their_square_root():
    pixels, limit = map_pixels(np.array([[0, 0.01, 0.25, 1]], np.float32), "weights", False)
    assert pixels.tolist() == [[0, 26, 128, 255]]
    assert limit == 1


def test_scores_have_zero_in_the_middle_and_masked_ones_do_not_widen_the_range():
    scores = np.array([[-2, 900], [1, 2]], np.float32)
    pixels, limit = map_pixels(scores, "scores", True)
    assert limit == 2
    assert pixels[0, 0] == 0
    assert pixels[1].tolist() == [191, 255]
    assert map_pixels(scores, "scores", False)[1] == 900
