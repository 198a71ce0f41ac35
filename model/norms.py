"""LayerNorms one by one: their names in the order in which they run, and a pass without γ or β."""

import copy

import torch
from torch import nn

from model.config import GPTConfig
from model.gpt import GPT, LayerNorm
from model.hooks import record
from model.tokenizer import Tokens
from model.trace import Trace


def norm_names(config: GPTConfig) -> tuple[str, ...]:
    """Return the names of all norms in the order in which they run: two a block, then ln_f."""
    blocks = (f"h.{block}.{name}" for block in range(config.n_layer) for name in ("ln_1", "ln_2"))
    return (*blocks, "ln_f")


def record_without(
    model: GPT, tokens: Tokens, norm: str, *, has_gamma: bool, has_beta: bool
) -> Trace:
    """Record a pass with one norm's γ taken as 1 or its β as 0.

    The model itself is not touched: the pass runs on a copy of the module tree that shares all
    other tensors. Blocks and logits are worked out when they are read.

    Args:
        model: Any.
        tokens: 1 to `block_size` of them.
        norm: One of `norm_names`.
        has_gamma: Whether γ stays.
        has_beta: Whether β stays.
    """
    shared = [*model.parameters(), *model.buffers()]
    view = copy.deepcopy(model, {id(tensor): tensor for tensor in shared}).eval()
    changed = view.get_submodule(norm)
    assert isinstance(changed, LayerNorm)
    if not has_gamma:
        changed.weight = nn.Parameter(torch.ones_like(changed.weight), requires_grad=False)
    if not has_beta:
        changed.bias = nn.Parameter(torch.zeros_like(changed.bias), requires_grad=False)
    return record(view, tokens, kept_bytes=0)
