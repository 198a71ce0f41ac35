"""A trace as plain text for a terminal, and as named arrays for a file.

Blocks, heads and ranks are counted from 1, as on the screen; positions from 0, as in the formulas.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import numpy as np

from model.sampling import softmax
from model.tokenizer import Tokenizer
from model.trace import Array, Trace

# Up to so many tokens a whole attention map fits a terminal; above it, each row's largest weights.
WHOLE_MAP_TOKENS = 12
_LARGEST = 4
_LABEL_WIDTH = 16


def report(trace: Trace, cutter: Tokenizer, *, block: int, head: int, n_top: int = 5) -> str:
    """Describe one pass: tokens, length of each vector, one head's attention, likely next tokens.

    Args:
        trace: The pass.
        cutter: Knows the tokens' names.
        block: Whose attention, from 0.
        head: Which head of it, from 0.
        n_top: How many next tokens.

    Raises:
        ValueError: The model has no such block or head.
    """
    config = trace.config
    for name, number, count in (("block", block, config.n_layer), ("head", head, config.n_head)):
        if not 0 <= number < count:
            raise ValueError(f"{name}={number + 1} is not one of {name}s 1 to {count}")
    labels = [_label(cutter, token_id) for token_id in trace.tokens.ids]
    lines = [
        f"{len(labels)} tokens of at most {config.block_size}, {config.n_layer} blocks, "
        f"{config.n_head} heads, {config.d_model} numbers a token",
        "",
        "Length of each token's vector where it enters (0) and after each block",
        *_lengths(trace, labels),
        "",
        f"Attention of block {block + 1}, head {head + 1}: how much each token (row) takes from "
        "itself and those before it",
        *_attention(trace.blocks[block].pattern[head], labels),
        "",
        "Next token, over the whole vocabulary at temperature 1",
        *_next_tokens(trace.logits[len(labels) - 1], cutter, n_top),
    ]
    return "\n".join(lines)


def named_arrays(trace: Trace) -> Iterator[tuple[str, Array]]:
    """Yield every array of a trace under its path, `blocks.0.ln_1.mean`, in the order of the pass.

    `ids` comes first and is made of whole numbers; `logits` comes last, `(T, vocab_size)`.
    """
    yield "ids", np.array(trace.tokens.ids)
    yield "tok_embed", trace.tok_embed
    yield "pos_embed", trace.pos_embed
    for index in range(trace.config.n_layer):
        yield from _fields(f"blocks.{index}", trace.blocks[index])
    yield from _fields("ln_f", trace.ln_f)
    yield "logits", np.stack([trace.logits[position] for position in range(len(trace.tokens))])


def _fields(path: str, value: object) -> Iterator[tuple[str, Array]]:
    if not is_dataclass(value):
        assert isinstance(value, np.ndarray)
        yield path, value
        return
    for field in fields(value):
        yield from _fields(f"{path}.{field.name}", getattr(value, field.name))


def _label(cutter: Tokenizer, token_id: int) -> str:
    label = cutter.label(token_id)
    return label if len(label) <= _LABEL_WIDTH else label[: _LABEL_WIDTH - 1] + "…"


def _lengths(trace: Trace, labels: list[str]) -> Iterator[str]:
    stages = [block.resid_pre for block in trace.blocks] + [trace.blocks[-1].resid_post]
    lengths = np.stack([np.linalg.norm(stage, axis=1) for stage in stages], axis=1)
    head = "".join(f"{number:>8}" for number in range(len(stages)))
    yield f"{'':>4} {'id':>6}  {'token':<{_LABEL_WIDTH}}{head}"
    for position, row in enumerate(lengths):
        numbers = "".join(f"{length:8.2f}" for length in row)
        token_id = trace.tokens.ids[position]
        yield f"{position:>4} {token_id:>6}  {labels[position]:<{_LABEL_WIDTH}}{numbers}"


def _attention(pattern: Array, labels: list[str]) -> Iterator[str]:
    is_whole = len(labels) <= WHOLE_MAP_TOKENS
    if is_whole:
        yield " " * (_LABEL_WIDTH + 6) + "".join(f"{key:>7}" for key in range(len(labels)))
    for query, row in enumerate(pattern):
        if is_whole:
            weights = "".join(f"{weight:7.3f}" for weight in row[: query + 1])
        else:
            largest = np.argsort(-row[: query + 1], kind="stable")[:_LARGEST]
            weights = ",".join(f"  {row[key]:.3f} from {key} {labels[key]}" for key in largest)
        yield f"{query:>4}  {labels[query]:<{_LABEL_WIDTH}}{weights}"


def _next_tokens(logits: Array, cutter: Tokenizer, n_top: int) -> Iterator[str]:
    probs = softmax(logits)
    for rank, token_id in enumerate(np.argsort(-probs, kind="stable")[:n_top], start=1):
        label = _label(cutter, int(token_id))
        logit = f"logit {logits[token_id]:8.3f}"
        yield f"{rank:>4} {token_id:>6}  {label:<{_LABEL_WIDTH}}{probs[token_id]:8.2%}   {logit}"
