"""The mean of several checkpoints of one run: much of what a decaying rate gives, for nothing.

At a rate that does not fall, weights wander about a valley's floor; their mean lies nearer to it
(Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization", arXiv
1803.05407).
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from model.checkpoints import load_checkpoint
from model.gpt import GPT


@torch.no_grad()
def average(folders: Sequence[Path]) -> GPT:
    """Return a model whose every weight is the mean of the checkpoints' weights.

    Raises:
        ValueError: There is no checkpoint, or their sizes differ.
    """
    if not folders:
        raise ValueError("there is no checkpoint to average")
    mean = load_checkpoint(folders[0])
    parameters = dict(mean.named_parameters())
    for count, folder in enumerate(folders[1:], start=2):
        other = load_checkpoint(folder)
        if other.config != mean.config:
            raise ValueError(f"{folder} has other sizes than {folders[0]}")
        for name, parameter in other.named_parameters():
            parameters[name].lerp_(parameter, 1 / count)
    return mean
