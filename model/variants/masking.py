"""Hide some tokens of a text, as BERT's training does. Plain numpy: no torch here.

Source: Devlin et al. 2019, arXiv 1810.04805, §3.1: 15 % of the tokens are chosen; of these 80 %
become [MASK], 10 % a random token, 10 % stay as they are, and the loss is taken on all the chosen
ones. [MASK] never occurs in use; the other 20 % keep the model from relying on it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]

CHOSEN_SHARE = 0.15
MASK_SHARE, RANDOM_SHARE = 0.8, 0.1
# The target where nothing is asked for, as torch's cross_entropy has it.
NOT_CHOSEN = -100


@dataclass(frozen=True, eq=False)
class Masked:
    """Hold what a masked language model reads and what it is asked for.

    Args:
        read: `(B, T)`, the ids with some replaced.
        targets: `(B, T)`, the true id where one was chosen, `NOT_CHOSEN` elsewhere.
    """

    read: Ids
    targets: Ids

    @property
    def chosen(self) -> npt.NDArray[np.bool_]:
        """`(B, T)`, true where the model is asked."""
        return self.targets != NOT_CHOSEN


def mask_tokens(
    ids: Ids, generator: np.random.Generator, *, mask_id: int, share: float = CHOSEN_SHARE
) -> Masked:
    """Choose tokens of each text and hide most of them.

    Args:
        ids: `(B, T)`, T at least 2. The same number is chosen in each text, at least one. The
            first is never chosen: a model that answers one place before has no place for it.
        generator: Of the draws.
        mask_id: The id of [MASK], the last of the vocabulary; random tokens come from below it.
        share: Of the tokens that are chosen, to the nearest whole token.
    """
    n_text, T = ids.shape
    count = max(1, round(share * T))
    order = 1 + generator.random((n_text, T - 1)).argsort(axis=1)
    chosen = np.zeros((n_text, T), dtype=bool)
    np.put_along_axis(chosen, order[:, :count], values=True, axis=1)
    u = generator.random((n_text, T))
    random = generator.integers(mask_id, size=(n_text, T))
    is_random = chosen & (u >= MASK_SHARE) & (u < MASK_SHARE + RANDOM_SHARE)
    read = np.where(chosen & (u < MASK_SHARE), mask_id, np.where(is_random, random, ids))
    return Masked(read, np.where(chosen, ids, NOT_CHOSEN))
