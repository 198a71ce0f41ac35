"""What can be measured on a table of position rows, and on two passes that differ in order.

Plain numpy, no torch. A fresh table is drawn as `GPT.initialize` draws one: normal, deviation 0.02.
"""

from dataclasses import dataclass

import numpy as np

from model.neighbours import cosine_matrix, variance_shares
from model.tokenizer import Tokens
from model.trace import Array, Trace

FRESH_DEVIATION = 0.02
N_DIRECTIONS = 3
_SEED = 0
_MOST_LOSS = 1e-12


@dataclass(frozen=True, eq=False)
class PositionFacts:
    """Hold what training made of a table `(block_size, d_model)`, beside a fresh one.

    Args:
        share: Of the rows' variance, 0 to 1, along their first three principal directions.
        fresh_share: The same of a fresh random table of this shape.
        lengths: `(block_size,)`, each row's length.
        fresh_length: That of a fresh row, 0.02 · √d_model.
        near: Mean cosine of rows next to each other.
        far: Mean cosine of rows half the table apart.
    """

    share: float
    fresh_share: float
    lengths: Array
    fresh_length: float
    near: float
    far: float

    @property
    def has_shape(self) -> bool:
        """Whether few directions hold at least twice what chance puts there."""
        return self.share > 2 * self.fresh_share

    @property
    def has_nearness(self) -> bool:
        """Whether near rows are clearly more alike than far ones."""
        return self.near - self.far > 0.1


def position_facts(rows: Array) -> PositionFacts:
    """Measure a table of position rows."""
    n, d = rows.shape
    alike = cosine_matrix(rows)
    return PositionFacts(
        share=_first_share(rows),
        fresh_share=_first_share(fresh_rows(n, d)),
        lengths=np.linalg.norm(rows, axis=1),
        fresh_length=FRESH_DEVIATION * d**0.5,
        near=_mean_at(alike, 1),
        far=_mean_at(alike, max(1, n // 2)),
    )


def fresh_rows(n: int, d: int) -> Array:
    """Return `(n, d)`, a table as it is before training; always the same one."""
    drawn = np.random.default_rng(_SEED).normal(0, FRESH_DEVIATION, (n, d))
    return drawn.astype(np.float32)


def _first_share(rows: Array) -> float:
    return float(variance_shares(rows)[:N_DIRECTIONS].sum())


def _mean_at(alike: Array, distance: int) -> float:
    """Return the mean cosine of rows `distance` apart; 1 where the table has a single row."""
    pairs = np.diagonal(alike, distance)
    return float(pairs.mean()) if len(pairs) else 1.0


def swapped(tokens: Tokens, first: int, second: int) -> Tokens:
    """Return the tokens with two positions exchanged."""
    order = list(range(len(tokens)))
    order[first], order[second] = order[second], order[first]
    return Tokens(
        tuple(tokens.ids[place] for place in order), tuple(tokens.pieces[place] for place in order)
    )


def stage_names(n_layer: int) -> tuple[str, ...]:
    """Name the stages that `changes` compares."""
    blocks = (f"after block {number}" for number in range(1, n_layer + 1))
    return ("token row", "position row", "their sum", *blocks)


def changes(before: Trace, after: Trace) -> Array:
    """Return `(3 + n_layer, T)`: how far each vector moved, as a share of its length before.

    Exactly 0 where not a single number differs. Both passes read T tokens.
    """
    first, second = _stages(before), _stages(after)
    return np.stack([_moved(a, b) for a, b in zip(first, second, strict=True)])


def _stages(trace: Trace) -> list[Array]:
    blocks = trace.blocks
    resid = [blocks[number].resid_post for number in range(len(blocks))]
    return [trace.tok_embed, trace.pos_embed, blocks[0].resid_pre, *resid]


def _moved(before: Array, after: Array) -> Array:
    lengths = np.maximum(np.linalg.norm(before, axis=1), _MOST_LOSS)
    return (np.linalg.norm(after - before, axis=1) / lengths).astype(np.float32)


def moved_probability(before: Array, after: Array) -> float:
    """Return the share of probability, 0 to 1, that lies on other tokens than before.

    Half the sum of all differences: the total variation distance of two distributions.
    """
    return float(np.abs(before.astype(np.float64) - after).sum() / 2)
