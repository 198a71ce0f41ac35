"""How well a model predicts a text it never saw, in a unit that no vocabulary can flatter.

The text is cut into ids, document by document, each after `<|endoftext|>`, and these into windows
that share no context. Every window of `length` tokens is read on its own.
"""

from dataclasses import dataclass

import numpy as np
import torch

from model.gpt import GPT
from model.tokenizer import tokenizer
from model.training import fast_path
from model.training.data import Ids
from model.training.engine import evaluate
from model.training.stats import bits_per_byte
from model.variants.masked import MaskedLM
from model.variants.masking import mask_tokens


@dataclass(frozen=True)
class Score:
    """Say how well a text was predicted.

    Args:
        loss: Mean cross-entropy in nats a token.
        bits_per_byte: The same for each byte of the text.
        n_token: Tokens that were predicted.
        n_byte: Bytes these tokens stand for.
    """

    loss: float
    bits_per_byte: float
    n_token: int
    n_byte: int


def score(
    model: GPT,
    ids: Ids,
    *,
    length: int = 256,
    n_window: int | None = None,
    starts_with_token: bool = False,
    precision: str = "float32",
) -> Score:
    """Predict a text in windows that know nothing of each other.

    Args:
        model: Its context is at least `length`.
        ids: `(n_token,)`, as `encode_documents` gives them.
        length: Tokens in a window, at least 2.
        n_window: Only the first so many, at least 1; all whole windows where it is not given.
        starts_with_token: Put `<|endoftext|>` before each window and predict all its tokens;
            otherwise its first token is only read, and the others are predicted.
        precision: Of the matrix products.

    Raises:
        ValueError: The text is shorter than one window.
    """
    n_whole = len(ids) // length
    if not n_whole:
        raise ValueError(f"{len(ids)} tokens are too few for one window of {length}")
    n_used = min(n_window or n_whole, n_whole)
    windows = ids[: n_used * length].reshape(n_used, length).astype(np.int64)
    cut = tokenizer(model.config.vocab_size)
    if starts_with_token:
        start = np.full((n_used, 1), cut.end_of_text_id)
        windows = np.concatenate([start, windows], axis=1)
    loss = evaluate(model, torch.from_numpy(windows), precision=precision)
    predicted = windows[:, 1:]
    sizes = np.array([len(cut.piece(token_id)) for token_id in range(cut.vocab_size)])
    n_byte = int(sizes[predicted].sum())
    return Score(loss, bits_per_byte(loss, predicted.size, n_byte), predicted.size, n_byte)


@dataclass(frozen=True)
class MaskedScore:
    """Say how well hidden tokens were found.

    Args:
        loss: Mean cross-entropy in nats a hidden token. Not on the scale of `Score`: another
            question is asked, of 15 % of the tokens, with both sides in sight.
        accuracy: Share of them that were the likeliest token.
        n_token: Tokens that were asked for.
    """

    loss: float
    accuracy: float
    n_token: int


@torch.inference_mode()
def score_masked(
    model: MaskedLM,
    ids: Ids,
    *,
    length: int = 256,
    n_window: int | None = None,
    precision: str = "float32",
) -> MaskedScore:
    """Hide tokens of a text as in training, by fixed draws, and have the model find them.

    Raises:
        ValueError: The text is shorter than one window.
    """
    n_whole = len(ids) // length
    if not n_whole:
        raise ValueError(f"{len(ids)} tokens are too few for one window of {length}")
    n_used = min(n_window or n_whole, n_whole)
    windows = ids[: n_used * length].reshape(n_used, length).astype(np.int64)
    masked = mask_tokens(windows, np.random.default_rng(0), mask_id=model.mask_id)
    pairs = torch.from_numpy(np.stack([masked.read, masked.targets], axis=1))
    loss = evaluate(model, pairs, precision=precision, objective=fast_path.masked_loss)
    n_right = sum(_n_right(model, part) for part in pairs.split(8))
    n_token = int(masked.chosen.sum())
    return MaskedScore(loss, n_right / n_token, n_token)


def _n_right(model: MaskedLM, pairs: torch.Tensor) -> int:
    rows, targets = fast_path.chosen_rows(model, pairs.to(model.wte.weight.device))
    return int((model.lm_head(rows).argmax(-1) == targets).sum())
