"""The mean of checkpoints, worked out again."""

from dataclasses import replace

import pytest
import torch

from model.checkpoints import load_checkpoint, save_checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from model.training.averaging import average

SIZES = GPTConfig(vocab_size=257, block_size=8, n_layer=2, n_head=2, d_model=16)


def saved(folder, seed, sizes=SIZES):
    model = GPT(sizes).initialize(torch.Generator().manual_seed(seed))
    save_checkpoint(model, folder)
    return folder


def test_every_weight_is_the_mean_of_three(tmp_path):
    folders = [saved(tmp_path / str(seed), seed) for seed in range(3)]
    states = [load_checkpoint(folder).state_dict() for folder in folders]
    found = average(folders).state_dict()
    for name, weight in found.items():
        expected = torch.stack([state[name] for state in states]).mean(0)
        torch.testing.assert_close(weight, expected, atol=1e-7, rtol=1e-5)


def test_checkpoints_of_other_sizes_are_refused(tmp_path):
    other = saved(tmp_path / "b", 0, replace(SIZES, n_layer=1))
    with pytest.raises(ValueError, match="has other sizes"):
        average([saved(tmp_path / "a", 0), other])
    with pytest.raises(ValueError, match="no checkpoint"):
        average([])
