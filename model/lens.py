"""What a Trace and its model imply: head outputs, the logit lens, the exact ledger of a logit.

Nothing here was recorded: it follows from recorded numbers and the parameters, in float64 numpy
where that is cheap. A ledger is an account of direct contributions, given this run's scale of the
final LayerNorm; it is no cause, because early parts also act through later ones. A lens reads a
middle state with the last block's key.

Sources: Elhage et al. 2021, transformer-circuits.pub/2021/framework (what a head adds to the
residual stream, direct contributions); nostalgebraist 2020, "interpreting GPT: the logit lens".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.trace import Array, BlockTrace, Trace

if TYPE_CHECKING:
    from torch import Tensor

    from model.gpt import GPT

Floats = NDArray[np.float64]
Ids = NDArray[np.intp]
PartKind = Literal[
    "token", "position", "head", "attention bias", "mlp", "mlp bias", "final norm bias"
]
# Logits worked out at once: 16 MiB of them.
_LOGITS_AT_ONCE = 2**22


class StreamPart(NamedTuple):
    """Name one of the vectors that add up to the last residual stream of one token.

    Args:
        kind: What wrote it; "head" includes what the head's value bias brings.
        block: The block it is in, from 0; none for the embeddings.
        head: From 0, where a head wrote it.
        vector: `(d_model,)`.
    """

    kind: PartKind
    block: int | None
    head: int | None
    vector: Floats


class LedgerEntry(NamedTuple):
    """Book what one part adds to a logit, minus what it adds to the vocabulary's mean logit."""

    kind: PartKind
    block: int | None
    head: int | None
    amount: float


@dataclass(frozen=True)
class Ledger:
    """Account for one logit at one position.

    Args:
        position: Whose logits.
        id: The token whose logit it is.
        entries: In the order in which the parts write; they add up to `logit` − `mean_logit`.
        logit: The model's own.
        mean_logit: Of the model's own logits, over the vocabulary.
    """

    position: int
    id: int
    entries: tuple[LedgerEntry, ...]
    logit: float
    mean_logit: float

    @property
    def total(self) -> float:
        """The sum of all entries."""
        return float(sum(entry.amount for entry in self.entries))

    @property
    def difference(self) -> float:
        """How far the sum is from the model's own number: rounding of 32-bit numbers."""
        return self.total - (self.logit - self.mean_logit)


@dataclass(frozen=True, eq=False)
class Lens:
    """Hold what would be said after each block; row 0 is before the first, row i after block i.

    Args:
        positions: `(n,)`, which tokens the columns are.
        followed: `(n,)`, the id whose rank is told in each column.
        top: `(n_layer + 1, n)`, id of the likeliest token.
        top_probs: `(n_layer + 1, n)`, its probability.
        ranks: `(n_layer + 1, n)`, of `followed`: 1 where nothing is likelier.
        probs: `(n_layer + 1, n)`, of `followed`.
        entropies: `(n_layer + 1, n)`, of the whole distribution, in nats.
    """

    positions: Ids
    followed: Ids
    top: Ids
    top_probs: Floats
    ranks: Ids
    probs: Floats
    entropies: Floats


class Addition(NamedTuple):
    """Measure one of the two additions of a block, for one token.

    Args:
        block: From 0.
        part: Who adds.
        before: Length of the token's vector before.
        added: Length of what is added.
        after: Length afterwards.
        cosine: Between the vector before and afterwards: how far it was turned.
        cosine_added: Between the vector before and what is added.
    """

    block: int
    part: Literal["attention", "mlp"]
    before: float
    added: float
    after: float
    cosine: float
    cosine_added: float


def _heads(model: "GPT", trace: Trace, number: int, z: Array) -> Floats:
    """Return what each head adds to the stream, `(n_head, T, d_model)`, without `c_proj`'s bias."""
    n_head, _, d_head = z.shape
    if _is_silenced(trace, "attention", number):
        return np.zeros((n_head, z.shape[1], n_head * d_head))
    weight = _float64(model.blocks[number].attn.c_proj.weight)
    by_head = weight.reshape(-1, n_head, d_head).transpose(1, 2, 0)  # (n_head, d_head, d_model)
    return z.astype(np.float64) @ by_head


def stream_parts(model: "GPT", trace: Trace, position: int) -> Iterator[StreamPart]:
    """Yield the vectors that add up to `blocks[-1].resid_post[position]`, in their order."""
    yield StreamPart("token", None, None, trace.tok_embed[position].astype(np.float64))
    yield StreamPart("position", None, None, trace.pos_embed[position].astype(np.float64))
    for number in range(trace.config.n_layer):
        yield from _block_parts(model, trace, number, position)


def _block_parts(model: "GPT", trace: Trace, number: int, position: int) -> Iterator[StreamPart]:
    block, layer = trace.blocks[number], model.blocks[number]
    heads = _heads(model, trace, number, block.z[:, position, None])
    for head, vector in enumerate(heads[:, 0]):
        yield StreamPart("head", number, head, vector)
    # Where a sub-layer is silenced, its bias is silent as well.
    is_heard = not _is_silenced(trace, "attention", number)
    yield StreamPart("attention bias", number, None, _float64(layer.attn.c_proj.bias) * is_heard)
    bias = _float64(layer.mlp.c_proj.bias) * (not _is_silenced(trace, "mlp", number))
    yield StreamPart("mlp", number, None, block.mlp_out[position] - bias)
    yield StreamPart("mlp bias", number, None, bias)


def _is_silenced(trace: Trace, kind: Literal["attention", "mlp"], number: int) -> bool:
    silenced = trace.silenced
    return silenced is not None and (silenced.kind, silenced.block) == (kind, number)


def ledger(model: "GPT", trace: Trace, position: int, token_id: int) -> Ledger:
    """Book the logit of any token at one position to the parts that wrote it.

    Each part goes through the final LayerNorm with this run's μ and √(σ² + ε), then along the
    token's row of the output matrix; the LayerNorm's β is an entry of its own. GPT-2's output
    matrix has no bias.
    """
    direction = logit_direction(model, trace, position, token_id)
    entries = [
        LedgerEntry(part.kind, part.block, part.head, float(part.vector @ direction))
        for part in stream_parts(model, trace, position)
    ]
    row = _float64(model.lm_head.weight[token_id]) - _vocabulary_mean(model)
    beta = float(_float64(model.ln_f.bias) @ row)
    logits = trace.logits[position]
    return Ledger(
        position=position,
        id=token_id,
        entries=(*entries, LedgerEntry("final norm bias", None, None, beta)),
        logit=float(logits[token_id]),
        mean_logit=float(logits.mean(dtype=np.float64)),
    )


def logit_direction(model: "GPT", trace: Trace, position: int, token_id: int) -> Floats:
    """Return what a unit of each dimension of the stream adds to a logit, `(d_model,)`.

    Minus the mean over the vocabulary, through the final LayerNorm with this run's scale: a part's
    ledger entry is its vector times this.
    """
    row = _float64(model.lm_head.weight[token_id]) - _vocabulary_mean(model)
    direction = row * _float64(model.ln_f.weight)
    # (v − mean of v) · direction = v · (direction − mean of direction).
    return (direction - direction.mean()) / float(trace.ln_f.std[position])


def direct_logits(model: "GPT", trace: Trace, position: int, vector: NDArray[np.floating]) -> Array:
    """Return what `vector` adds to every logit at `position`, minus the mean: `(vocab_size,)`.

    Directly, that is: through the final LayerNorm with this run's scale, past all later blocks.
    """
    centered = (vector - vector.mean(dtype=np.float64)) * _float64(model.ln_f.weight)
    scaled = (centered / float(trace.ln_f.std[position])).astype(np.float32)
    added = _float32(model.lm_head.weight) @ scaled
    return added - added.mean(dtype=np.float64).astype(np.float32)


def _vocabulary_mean(model: "GPT") -> Floats:
    return _float32(model.lm_head.weight).mean(axis=0, dtype=np.float64)


def logit_lens(
    model: "GPT", trace: Trace, positions: Sequence[int], *, followed: Sequence[int] | None = None
) -> Lens:
    """Read the residual stream between the blocks as if the model ended there.

    The final LayerNorm and the output matrix are applied to it; the last row is of the model's own
    logits.

    Args:
        model: The one that was traced.
        trace: Its blocks are read one at a time.
        positions: Which tokens to read at.
        followed: The id whose rank is told at each of them; the model's own likeliest by default.
    """
    places = np.asarray(positions, dtype=np.intp)
    asked = None if followed is None else np.asarray(followed, dtype=np.intp)
    own = _read(_own_chunks(trace, places), asked)
    ids = own[0] if asked is None else asked
    streams = (block.resid_pre[places] for block in trace.blocks)
    rows = [_read(_unembed_chunks(model, stream), ids) for stream in streams]
    top, top_probs, ranks, probs, entropies = (
        np.stack(kind) for kind in zip(*rows, own, strict=True)
    )
    return Lens(places, ids, top, top_probs, ranks, probs, entropies)


def lens_logits(model: "GPT", trace: Trace, row: int, position: int) -> Array:
    """Return the logits `(vocab_size,)` of one cell of the lens; the last row has the real ones."""
    if row == trace.config.n_layer:
        return trace.logits[position]
    return _unembed(model, trace.blocks[row].resid_pre[position, None])[0]


def _read(
    chunks: Iterable[tuple[slice, Array]], followed: Ids | None
) -> tuple[Ids, Floats, Ids, Floats, Floats]:
    """Describe logits that come in parts: the likeliest stand in for those that none follows."""
    parts = [_judge(logits, None if followed is None else followed[at]) for at, logits in chunks]
    top, top_probs, ranks, probs, entropies = (
        np.concatenate(kind) for kind in zip(*parts, strict=True)
    )
    return top, top_probs, ranks, probs, entropies


def _judge(logits: Array, followed: Ids | None) -> tuple[Ids, Floats, Ids, Floats, Floats]:
    """Describe each row of `(n, vocab_size)` logits.

    Returns:
        The likeliest id, its probability, the rank and the probability of the followed one, and the
        entropy in nats, `(n,)` each.
    """
    rows = np.arange(len(logits))
    top = logits.argmax(axis=1)
    own = logits[rows, top if followed is None else followed]
    shifted = logits - logits[rows, top][:, None]
    weights = np.exp(shifted)
    total = weights.sum(axis=1, dtype=np.float64)
    probs = np.exp(own.astype(np.float64) - logits[rows, top]) / total
    # Σ −p·ln p with ln p = shifted − ln total.
    entropies = np.log(total) - np.einsum("nv,nv->n", weights, shifted) / total
    ranks = 1 + np.count_nonzero(logits > own[:, None], axis=1)
    return top, 1 / total, ranks, probs, entropies


def _chunks(n: int, vocab_size: int) -> Iterator[slice]:
    count = max(1, _LOGITS_AT_ONCE // vocab_size)
    return (slice(first, first + count) for first in range(0, n, count))


def _own_chunks(trace: Trace, places: Ids) -> Iterator[tuple[slice, Array]]:
    for at in _chunks(len(places), trace.config.vocab_size):
        yield at, np.stack([trace.logits[int(place)] for place in places[at]])


def _unembed_chunks(model: "GPT", stream: Array) -> Iterator[tuple[slice, Array]]:
    for at in _chunks(len(stream), model.config.vocab_size):
        yield at, _unembed(model, stream[at])


def _unembed(model: "GPT", stream: Array) -> Array:
    """Map `(n, d_model)` through the final LayerNorm and the output matrix to logits."""
    centered = stream - stream.mean(axis=1, keepdims=True)
    std = np.sqrt(np.square(centered).mean(axis=1, keepdims=True) + np.float32(model.ln_f.eps))
    normalized = centered / std * _float32(model.ln_f.weight) + _float32(model.ln_f.bias)
    return normalized @ _float32(model.lm_head.weight).T


def additions(blocks: Iterable[BlockTrace], position: int) -> tuple[Addition, ...]:
    """Measure both additions of every block for one token, in their order."""
    found: list[Addition] = []
    for number, block in enumerate(blocks):
        pre, mid, post = (
            x[position].astype(np.float64)
            for x in (block.resid_pre, block.resid_mid, block.resid_post)
        )
        attn_out, mlp_out = (
            x[position].astype(np.float64) for x in (block.attn_out, block.mlp_out)
        )
        found.append(Addition(number, "attention", *_measure(pre, attn_out, mid)))
        found.append(Addition(number, "mlp", *_measure(mid, mlp_out, post)))
    return tuple(found)


def stream_lengths(trace: Trace) -> Floats:
    """Return the length of every token's vector before and after each addition.

    `(2 · n_layer + 1, T)`: row 0 is the input of the first block.
    """
    rows: list[Floats] = []
    for number in range(trace.config.n_layer):
        block = trace.blocks[number]
        streams = (block.resid_pre, block.resid_mid, block.resid_post)
        # After the first block its input is the row that already stands last.
        rows += [_lengths(x) for x in (streams if number == 0 else streams[1:])]
    return np.stack(rows)


def _lengths(x: Array) -> Floats:
    return np.sqrt(np.square(x.astype(np.float64)).sum(axis=1))


def _measure(
    before: Floats, added: Floats, after: Floats
) -> tuple[float, float, float, float, float]:
    length = np.linalg.norm
    turned, agreed = cosine(before, after), cosine(before, added)
    return float(length(before)), float(length(added)), float(length(after)), turned, agreed


def cosine(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Return a · b / (|a| · |b|), −1 to 1; 0 where one of them is all zero."""
    product = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(a @ b) / product if product else 0.0


def mlp_out_of(model: "GPT", number: int, mlp_post: NDArray[np.floating]) -> Floats:
    """Map hidden neurons `(…, d_mlp)` of block `number` back to the stream, `(…, d_model)`."""
    layer = model.blocks[number].mlp.c_proj
    return mlp_post @ _float64(layer.weight).T + _float64(layer.bias)


def neuron_row(model: "GPT", number: int, neuron: int) -> Floats:
    """Return what one neuron writes to the stream for each unit it fires, `(d_model,)`."""
    return _float64(model.blocks[number].mlp.c_proj.weight[:, neuron])


def _float32(parameter: "Tensor") -> Array:
    return parameter.detach().float().cpu().numpy()


def _float64(parameter: "Tensor") -> Floats:
    return parameter.detach().double().cpu().numpy()
