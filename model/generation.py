"""Text, one token at a time: read, sample, append, again and again, as an iterator.

With the cache only the newest token is computed at each step; without it the whole text is. The
logits agree to float rounding, so that a near-tie can still part two greedy texts.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from model.gpt import GPT
from model.one_token import OneToken
from model.sampling import SamplingSettings, SamplingStep, sample


def generate(
    model: GPT,
    ids: Sequence[int],
    settings: SamplingSettings,
    rng: np.random.Generator,
    *,
    max_new_tokens: int | None = None,
    use_cache: bool = True,
) -> Iterator[SamplingStep]:
    """Yield one draw after another, each the token that joins the text.

    Ends after `max_new_tokens`, after `<|endoftext|>` (the last id, which is yielded), or when the
    text has `block_size` tokens. Each step holds four arrays over the vocabulary: keep what you
    need of it, not all steps of a long text.

    Args:
        model: In evaluation mode.
        ids: The text so far, 1 to `block_size` tokens.
        settings: How each token is chosen.
        rng: Gives one number a token.
        max_new_tokens: At most so many; as many as fit if not given.
        use_cache: Keep keys and values between the steps instead of computing them again.

    Raises:
        ValueError: No token, or more than `block_size`; `max_new_tokens` is below 0.
    """
    block_size = model.config.block_size
    if not 1 <= len(ids) <= block_size:
        raise ValueError(f"{len(ids)} tokens are not between 1 and {block_size}")
    if max_new_tokens is not None and max_new_tokens < 0:
        raise ValueError(f"max_new_tokens={max_new_tokens} is not at least 0")
    room = block_size - len(ids)
    n_new = room if max_new_tokens is None else min(max_new_tokens, room)
    read = _reader_with_cache(model, len(ids) + n_new) if use_cache else _reader(model)
    return _steps(read, ids, settings, rng, n_new, end_of_text=model.config.vocab_size - 1)


# Takes the ids that are new since the last call, returns the logits `(vocab_size,)` of the next.
_Reader = Callable[[Sequence[int]], torch.Tensor]


def _steps(
    read: _Reader,
    ids: Sequence[int],
    settings: SamplingSettings,
    rng: np.random.Generator,
    n_new: int,
    *,
    end_of_text: int,
) -> Iterator[SamplingStep]:
    unread = ids
    for _ in range(n_new):
        step = sample(_logits(read, unread), settings, rng)
        yield step
        if step.id == end_of_text:
            return
        unread = (step.id,)


def _logits(read: _Reader, unread: Sequence[int]) -> NDArray[np.float32]:
    # Not around the `yield`: the mode would then hold for whoever asks for the next step.
    with torch.inference_mode():
        return read(unread).float().cpu().numpy()


def _reader_with_cache(model: GPT, length: int) -> _Reader:
    cache = model.empty_cache(length=length)
    one_token = OneToken(model, cache)

    def read(unread: Sequence[int]) -> torch.Tensor:
        if len(unread) == 1:
            return one_token.logits(unread[0])
        return model(_row(unread, model), cache, fused=True, n_last=1)[0, -1]

    return read


def _reader(model: GPT) -> _Reader:
    text: list[int] = []

    def read(unread: Sequence[int]) -> torch.Tensor:
        text.extend(unread)
        return model(_row(text, model), fused=True, n_last=1)[0, -1]

    return read


def _row(ids: Sequence[int], model: GPT) -> torch.Tensor:
    return torch.tensor([list(ids)], device=model.wte.weight.device)
