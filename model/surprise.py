"""How much each token of a text surprised the model that read it, from one pass.

T tokens give T predictions, one after each token, but only T − 1 losses: the last prediction's
answer is not known, and nobody predicted the first token. Loss: −ln p of the token that came, in
nats (Radford et al. 2018, eq. 1); surprise: the same in bits, −log2 p (Shannon 1948); perplexity:
e to the mean loss.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.trace import LogitRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surprise:
    """Hold the losses of a text of T tokens.

    Args:
        losses: `(T − 1,)`, −ln of the probability that token i + 1 had after tokens 0 to i, nats.
    """

    losses: Floats

    @property
    def bits(self) -> Floats:
        """The losses in bits, `(T − 1,)`."""
        return self.losses / math.log(2)

    @property
    def shares(self) -> Floats:
        """The probability that each token but the first had, `(T − 1,)`, 0 to 1."""
        return np.exp(-self.losses)

    @property
    def mean_loss(self) -> float:
        """The mean of the losses, nats; NaN where there are none."""
        return float(self.losses.mean()) if self.losses.size else math.nan

    @property
    def perplexity(self) -> float:
        """e to the mean loss; NaN where there are no losses."""
        return math.exp(self.mean_loss) if self.losses.size else math.nan


def surprise(logits: LogitRows, ids: tuple[int, ...]) -> Surprise:
    """Return the losses of a text.

    Args:
        logits: `(T, vocab_size)`, row i read from tokens 0 to i.
        ids: The T tokens.

    Raises:
        ValueError: There is not one row of logits for each token.
    """
    if len(logits) != len(ids):
        raise ValueError(f"{len(logits)} rows of logits do not fit {len(ids)} tokens")
    following = enumerate(ids[1:])
    return Surprise(np.array([loss(logits[i], token_id) for i, token_id in following], np.float64))


def loss(row: NDArray[np.floating], token_id: int) -> float:
    """Return −ln of one token's softmax probability, nats, from a row of logits `(vocab_size,)`."""
    x = row.astype(np.float64)
    largest = x.max()
    return float(np.log(np.exp(x - largest).sum()) - (x[token_id] - largest))
