"""What is hidden, against BERT's own shares."""

import numpy as np
import pytest

from model.variants.masking import NOT_CHOSEN, mask_tokens

MASK_ID = 500


def some_ids(n_text: int = 200, T: int = 100) -> np.ndarray:
    return np.random.default_rng(1).integers(0, MASK_ID, (n_text, T))


def test_targets_are_the_true_ids_where_chosen_and_nothing_else_is_touched():
    ids = some_ids()
    masked = mask_tokens(ids, np.random.default_rng(0), mask_id=MASK_ID)
    assert (masked.targets[masked.chosen] == ids[masked.chosen]).all()
    assert (masked.targets[~masked.chosen] == NOT_CHOSEN).all()
    assert (masked.read[~masked.chosen] == ids[~masked.chosen]).all()


def test_each_text_has_fifteen_in_a_hundred_chosen():
    masked = mask_tokens(some_ids(), np.random.default_rng(0), mask_id=MASK_ID)
    assert (masked.chosen.sum(axis=1) == 15).all()


@pytest.mark.parametrize("T", [2, 3, 9])
def test_a_short_text_has_one_chosen(T):
    masked = mask_tokens(some_ids(T=T), np.random.default_rng(0), mask_id=MASK_ID)
    assert (masked.chosen.sum(axis=1) == 1).all()


def test_of_the_chosen_eight_tenths_are_hidden_one_random_one_as_it_was():
    ids = some_ids(2000)
    masked = mask_tokens(ids, np.random.default_rng(0), mask_id=MASK_ID)
    read, true = masked.read[masked.chosen], ids[masked.chosen]
    hidden, same = (read == MASK_ID).mean(), (read == true).mean()
    # 30,000 draws: a share is within 0.7 % of what it stands for (three deviations).
    assert hidden == pytest.approx(0.8, abs=0.007)
    assert same == pytest.approx(0.1 + 0.1 / MASK_ID, abs=0.006)
    assert 1 - hidden - same == pytest.approx(0.1, abs=0.006)
    assert read.max() == MASK_ID
    assert masked.read[~masked.chosen].max() < MASK_ID


def test_every_position_but_the_first_is_chosen_alike():
    masked = mask_tokens(some_ids(4000, 20), np.random.default_rng(0), mask_id=MASK_ID)
    shares = masked.chosen.mean(axis=0)
    assert shares[0] == 0
    assert shares[1:] == pytest.approx(np.full(19, 3 / 19), abs=0.02)


def test_the_same_generator_draws_the_same():
    first = mask_tokens(some_ids(), np.random.default_rng(3), mask_id=MASK_ID)
    again = mask_tokens(some_ids(), np.random.default_rng(3), mask_id=MASK_ID)
    assert (first.read == again.read).all()
    assert (first.targets == again.targets).all()
