"""What one forward pass left behind, as plain numbers: `Trace`, `BlockTrace`, `NormTrace`.

The one value that pages draw from. Frozen dataclasses of read-only float32 numpy arrays, one text,
no batch axis, fields in the order in which they happen. Each field's equation is held by a test.
Knows numpy, not torch. What can be worked out from these lives in `model.lens`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from model.config import GPTConfig
from model.tokenizer import Tokens

Array = NDArray[np.float32]
SilencedKind = Literal["head", "neuron", "attention", "mlp", "positions", "mask"]


@dataclass(frozen=True)
class Silenced:
    """Name one part that a pass is run without.

    Args:
        kind: "head" or "neuron" (`index` says which), "attention" or "mlp" (that sub-layer of
            `block` adds nothing), "positions" (no position row is added), "mask" (every token
            sees every other).
        block: The block it is in; not used by "positions" and "mask".
        index: The head or the hidden neuron.
    """

    kind: SilencedKind
    block: int = 0
    index: int = 0


@dataclass(frozen=True, eq=False)
class NormTrace:
    """Hold what one LayerNorm did to each of T tokens.

    Args:
        mean: `(T,)`, of one token's `d_model` numbers.
        var: `(T,)`, their biased variance.
        std: `(T,)`, √(var + ε).
        normalized: `(T, d_model)`, (x − mean) / std.
        out: `(T, d_model)`, normalized · γ + β.
    """

    mean: Array
    var: Array
    std: Array
    normalized: Array
    out: Array


@dataclass(frozen=True, eq=False)
class BlockTrace:
    """Hold what one block computed; the first axis of `(n_head, T, T)` pairs is the query.

    Args:
        resid_pre: `(T, d_model)`, the residual stream on arrival.
        ln_1: The norm before attention, of `resid_pre`.
        q: `(n_head, T, d_head)`, queries: ln_1.out · W_q + b_q, cut into heads.
        k: `(n_head, T, d_head)`, keys.
        v: `(n_head, T, d_head)`, values.
        scores: `(n_head, T, T)`, q · kᵀ / √d_head, before the mask.
        pattern: `(n_head, T, T)`, softmax over keys of the masked scores; each row sums to 1.
        z: `(n_head, T, d_head)`, pattern · v.
        attn_out: `(T, d_model)`, the heads' z joined, times c_proj, plus its bias.
        resid_mid: `(T, d_model)`, resid_pre + attn_out.
        ln_2: The norm before the feed-forward layer, of `resid_mid`.
        mlp_pre: `(T, d_mlp)`, ln_2.out · c_fc + bias.
        mlp_post: `(T, d_mlp)`, gelu(mlp_pre).
        mlp_out: `(T, d_model)`, mlp_post · c_proj + bias.
        resid_post: `(T, d_model)`, resid_mid + mlp_out.
    """

    resid_pre: Array
    ln_1: NormTrace
    q: Array
    k: Array
    v: Array
    scores: Array
    pattern: Array
    z: Array
    attn_out: Array
    resid_mid: Array
    ln_2: NormTrace
    mlp_pre: Array
    mlp_post: Array
    mlp_out: Array
    resid_post: Array


class LogitRows(Protocol):
    """Give the logits of one position at a time: an array `(T, vocab_size)` is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, position: int, /) -> Array:
        """Return the `(vocab_size,)` logits at `position`."""
        ...


@dataclass(frozen=True, eq=False)
class Trace:
    """Hold one forward pass over one text of T tokens.

    Args:
        config: The model's sizes.
        tokens: What was read.
        tok_embed: `(T, d_model)`, rows of the token embedding.
        pos_embed: `(T, d_model)`, rows of the position embedding.
        blocks: One `BlockTrace` a block; of a long text it is worked out when read.
        ln_f: The final norm, of the last block's `resid_post`.
        logits: `(T, vocab_size)`, ln_f.out · lm_headᵀ; of a long text a row is worked out when
            read, but for the last.
        silenced: The part the pass was run without, if any.
    """

    config: GPTConfig
    tokens: Tokens
    tok_embed: Array
    pos_embed: Array
    blocks: Sequence[BlockTrace]
    ln_f: NormTrace
    logits: LogitRows
    silenced: Silenced | None = None
