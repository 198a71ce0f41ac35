"""The flow: the whole model as a diagram, on one trace's numbers."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from model.config import GPTConfig
from model.trace import Array, Trace
from pages.components.element import element

_TOKENS = 12
_DIMS = 64


def flow(
    *,
    key: str,
    trace: Trace,
    labels: Sequence[str],
    characters: int,
    has_start: bool,
    block: int,
    head: int,
    top: Sequence[tuple[str, str, float]],
    on_block_change: Callable[[], None],
) -> None:
    """Draw the model from text to next token; a part that is clicked presses its page's link.

    Args:
        key: Of the element; its state "block" is the block that was chosen last.
        trace: The pass to draw.
        labels: One for each token.
        characters: Length of the text.
        has_start: Whether position 0 is the start token.
        block: Which block is drawn.
        head: Whose attention is drawn.
        top: The likeliest next tokens: label, percentage as text, share 0 to 1.
        on_block_change: Called when another block is chosen.
    """
    config, T = trace.config, len(trace.tokens)
    shown, dims = min(T, _TOKENS), min(config.d_model, _DIMS)
    chosen = trace.blocks[block]
    stages = [
        trace.tok_embed,
        trace.pos_embed,
        trace.tok_embed + trace.pos_embed,
        trace.ln_f.out,
        chosen.mlp_out,
    ]
    element("flow", "saving")(
        key=key,
        data={
            "run": f"{hash(trace.tokens.ids)}",
            "title": f"The whole way of a text of {T} tokens, after {labels[-1]}",
            "summary": _summary(trace, labels, top),
            "T": T,
            "shown": shown,
            "first": T - shown,
            "dims": dims,
            "labels": list(labels[-shown:]),
            "has_start": has_start,
            "characters": characters,
            "strips": np.concatenate([_part(stage, shown, dims) for stage in stages]),
            "pattern": np.ascontiguousarray(chosen.pattern[head, -shown:, -shown:]).ravel(),
            "top": [list(row) for row in top],
            "block": block,
            "head": head,
            "total": _total(config),
            "is_tied": config.is_tied,
            "counts": asdict(config.parameters) | {"block": config.parameters.block},
            **{
                name: getattr(config, name)
                for name in ("vocab_size", "block_size", "n_layer", "n_head", "d_model")
            },
        },
        on_block_change=on_block_change,
    )


def _part(stage: Array, shown: int, dims: int) -> Array:
    return np.ascontiguousarray(stage[-shown:, :dims]).ravel()


def _summary(trace: Trace, labels: Sequence[str], top: Sequence[tuple[str, str, float]]) -> str:
    config = trace.config
    best = ", ".join(f"{label} {percent}" for label, percent, _ in top[:3])
    return (
        f"The model as a diagram: {len(trace.tokens)} tokens, token and position rows of "
        f"{config.d_model} numbers added, {config.n_layer} blocks, a final LayerNorm, "
        f"{config.vocab_size} logits. After {labels[-1]}: {best}."
    )


def _total(config: GPTConfig) -> str:
    """Return the sum that gives the model's parameter count, written out."""
    p = config.parameters
    parts = [
        f"{p.token_embedding:,} token embedding",
        f"{p.position_embedding:,} position embedding",
        f"{p.n_layer} blocks × {p.block:,}",
        f"{p.norm:,} final LayerNorm",
    ]
    if p.unembedding:
        parts.append(f"{p.unembedding:,} output")
    return f"{' + '.join(parts)} = {p.total:,} parameters"
