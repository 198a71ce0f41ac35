"""A 5-gram model as a yardstick: what counting alone gets out of the same texts.

Interpolated Kneser-Ney (Chen & Goodman 1999, "An empirical study of smoothing techniques", §2.7)
over the embedded model's tokens, with the absolute discount 0.75 at every order; measured in the
same windows as the model, which share no context.

    python tests/bench/five_gram.py --data A.txt.xz --data B.txt.xz --held-back C.txt.xz
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import numpy.typing as npt

from model.tokenizer import tokenizer
from model.training.data import Ids, prepare

ORDER = 5
DISCOUNT = 0.75
VOCAB_SIZE = 8192
LENGTH = 256
# An odd multiplier of 64 bits: sums of tokens times its powers almost never meet.
_MULTIPLIER = 0x9E3779B97F4A7C15

Keys = npt.NDArray[np.uint64]


def keys(ids: Ids, order: int) -> Keys:
    """Return a number for each `order` tokens in a row, `(n_token − order + 1,)`."""
    scrambled = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0xD6E8FEB86659FD93)
    scrambled ^= scrambled >> np.uint64(32)
    n_key = len(ids) - order + 1
    found = np.zeros(n_key, dtype=np.uint64)
    for offset in range(order):
        found = found * np.uint64(_MULTIPLIER) + scrambled[offset : offset + n_key]
    return found


@dataclass(frozen=True, eq=False)
class Table:
    """Hold counts by key, sorted."""

    keys: Keys
    counts: npt.NDArray[np.int64]

    def look_up(self, wanted: Keys) -> npt.NDArray[np.int64]:
        """Return the count of each wanted key, 0 where it was never seen."""
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[at] == wanted, self.counts[at], 0)


def table(seen: Keys, weights: npt.NDArray[np.int64] | None = None) -> Table:
    """Count keys, each once or by a weight of its own."""
    unique, kinds = np.unique(seen, return_counts=True)
    if weights is None:
        return Table(unique, kinds)
    sums = np.concatenate([[0], np.cumsum(weights[np.argsort(seen, kind="stable")])])
    return Table(unique, np.diff(sums[np.concatenate([[0], np.cumsum(kinds)])]))


def log_probs(train: Ids, windows: Ids) -> npt.NDArray[np.float64]:
    """Return ln p of every token of each window after its first, `(n_window, length − 1)`."""
    n_window, length = windows.shape
    probs = np.full((n_window, length - 1), 1 / VOCAB_SIZE)
    for order in range(1, ORDER + 1):
        seen = keys(train, order)
        if order == ORDER:
            positions = np.arange(len(seen))
        else:
            # Kneser and Ney: a lower order counts in how many different contexts a token follows.
            positions = np.unique(keys(train, order + 1), return_index=True)[1] + 1
        unique, first, counts = np.unique(seen[positions], return_index=True, return_counts=True)
        grams, first = Table(unique, counts), positions[first]
        contexts = keys(train, order - 1)[first] if order > 1 else np.zeros(len(first), np.uint64)
        totals, kinds = table(contexts, counts), table(contexts)
        for position in range(max(1, order - 1), length):
            part = windows[:, position - order + 1 : position + 1]
            key = np.array([keys(row, order)[0] for row in part])
            context = (
                np.array([keys(row[:-1], order - 1)[0] for row in part])
                if order > 1
                else np.zeros(n_window, np.uint64)
            )
            total = totals.look_up(context)
            share = np.maximum(grams.look_up(key) - DISCOUNT, 0) / np.maximum(total, 1)
            left = DISCOUNT * kinds.look_up(context) / np.maximum(total, 1)
            mixed = share + left * probs[:, position - 1]
            probs[:, position - 1] = np.where(total > 0, mixed, probs[:, position - 1])
    return np.log(probs)


def main() -> None:
    """Print nats a token and bits a byte for every text that was held back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--held-back", type=Path, action="append", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        train = np.concatenate([prepare(path, VOCAB_SIZE, Path(folder)) for path in options.data])
        cut = tokenizer(VOCAB_SIZE)
        sizes = np.array([len(cut.piece(token_id)) for token_id in range(VOCAB_SIZE)])
        for path in options.held_back:
            ids = prepare(path, VOCAB_SIZE, Path(folder))
            n_window = min(40, len(ids) // LENGTH)
            windows = np.asarray(ids[: n_window * LENGTH]).reshape(n_window, LENGTH)
            loss = -log_probs(train, windows)
            bits = loss.sum() / np.log(2) / sizes[windows[:, 1:]].sum()
            print(f"{path.name}: {loss.mean():.3f} nats a token, {bits:.3f} bits a byte")


if __name__ == "__main__":
    main()
