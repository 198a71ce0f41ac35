"""Text, one token at a time: an endless loop of reading, sampling and appending, as an iterator.

With the cache only the newest token is computed at each step; without it the whole text is. The
logits agree to float rounding. Where to stop beyond the end of the context is the caller's choice.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from model.gpt import GPT
from model.sampling import SamplingSettings, SamplingStep, sample


def generate(
    model: GPT,
    ids: Sequence[int],
    settings: SamplingSettings,
    rng: np.random.Generator,
    *,
    use_cache: bool = True,
) -> Iterator[SamplingStep]:
    """Yield one draw after another until the context is full.

    Args:
        model: In evaluation mode.
        ids: The text so far, at least one token.
        settings: How each token is chosen.
        rng: Gives one number a token.
        use_cache: Keep keys and values between the steps instead of computing them again.
    """
    text = list(ids)
    cache = model.empty_cache() if use_cache else None
    unread = text[:]
    while len(text) < model.config.block_size:
        with torch.inference_mode():
            rows = model(torch.tensor([unread if use_cache else text]), cache, fused=True)
        step = sample(rows[0, -1].numpy(), settings, rng)
        yield step
        text.append(step.id)
        unread = [step.id]
