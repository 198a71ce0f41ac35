"""The loss of one batch, computed from a GPT's own parameters in the quickest way we measured.

The model in `model.gpt` is written to be read and recorded; this is the same mathematics for
training, where nothing is recorded: torch's LayerNorm, matrix products in bfloat16 with float32
sums kept in the residual stream, and an output layer that never holds all its logits at once.
`tests/model/training/test_fast_path.py` holds both paths to the same outputs and gradients.

Measured on one core of a Zen 5 with AVX512-BF16, 8 × 256 tokens of the embedded model, forward and
backward: `model.gpt` in float32 1.22 s, under autocast 0.65 s, this path 0.33 s.
"""

import math
from typing import Any

import torch
from torch.nn import functional as F

from model.gpt import GPT, Block, LayerNorm, future, gelu

# Rows of logits held at once: 512 × 8,192 numbers stay in a core's cache.
_CHUNK = 512
_TINY = torch.finfo(torch.float32).tiny


def mean_loss(
    model: GPT, ids: torch.Tensor, targets: torch.Tensor, *, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Return the mean cross-entropy in nats of `targets` `(B, T)` after `ids` `(B, T)`.

    Args:
        model: Its parameters are used, its hooks are not passed.
        ids: What the model reads.
        targets: The true next token at every position.
        dtype: Of the matrix products; parameters, sums and gradients stay as they are.
    """
    x = final_vectors(model, ids, dtype=dtype)
    rows, weight = x.reshape(-1, x.shape[-1]), model.lm_head.weight.to(dtype)
    return LinearCrossEntropy.apply(rows, weight, targets.reshape(-1), torch.is_grad_enabled())


def next_token_loss(
    model: GPT, windows: torch.Tensor, *, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Return the mean loss of every token of `(B, T + 1)` after those before it."""
    return mean_loss(model, windows[:, :-1], windows[:, 1:], dtype=dtype)


def masked_loss(
    model: GPT, windows: torch.Tensor, *, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Return the mean loss of the chosen tokens alone, each answered one place before its own.

    Args:
        model: One that looks both ways.
        windows: `(B, 2, T)`: what is read, and the true ids with -100 where none was chosen.
        dtype: Of the matrix products.
    """
    rows, targets = chosen_rows(model, windows, dtype=dtype)
    weight = model.lm_head.weight.to(dtype)
    return LinearCrossEntropy.apply(rows, weight, targets, torch.is_grad_enabled())


def chosen_rows(
    model: GPT, windows: torch.Tensor, *, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the output layer reads for each chosen token, `(n, d_model)`, and its id."""
    read, targets = windows.unbind(dim=1)
    targets = targets[:, 1:]
    chosen = targets >= 0
    return final_vectors(model, read, dtype=dtype)[:, :-1][chosen], targets[chosen]


def final_vectors(
    model: GPT, ids: torch.Tensor, *, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Map ids `(B, T)` to what the output layer reads, `(B, T, d_model)`."""
    x = model.embed(ids)
    for block in model.h:
        assert isinstance(block, Block)
        x = x + block.drop(_attention(block, _norm(x, block.ln_1, dtype)))
        x = x + block.drop(_mlp(block, _norm(x, block.ln_2, dtype)))
    return _norm(x, model.ln_f, dtype)


def _norm(x: torch.Tensor, norm: LayerNorm, dtype: torch.dtype) -> torch.Tensor:
    return F.layer_norm(x, x.shape[-1:], norm.weight, norm.bias, norm.eps).to(dtype)


def _linear(x: torch.Tensor, layer: torch.nn.Linear) -> torch.Tensor:
    return F.linear(x, layer.weight.to(x.dtype), layer.bias.to(x.dtype))


def _mlp(block: Block, x: torch.Tensor) -> torch.Tensor:
    mlp = block.mlp
    return _linear(gelu(_linear(x, mlp.c_fc), mlp.activation), mlp.c_proj)


def _attention(block: Block, x: torch.Tensor) -> torch.Tensor:
    """Map `(B, T, d_model)` to `(B, T, d_model)`."""
    attn = block.attn
    B, T, d_model = x.shape
    joined = _linear(x, attn.c_attn).view(B, T, 3, attn.n_head, attn.d_head)
    q, k, v = joined.permute(2, 0, 3, 1, 4).unbind(0)  # (B, n_head, T, d_head)
    dropout = attn.dropout if attn.training else 0.0
    # torch's fused attention is 2.5 times slower than plain products in bfloat16 on a CPU.
    if x.device.type == "cpu" and x.dtype == torch.bfloat16:
        z = _mix(q, k, v, dropout, is_causal=attn.is_causal)
    else:
        z = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=attn.is_causal)
    return _linear(z.transpose(1, 2).reshape(B, T, d_model), attn.c_proj)


def _mix(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, dropout: float, *, is_causal: bool
) -> torch.Tensor:
    """Map queries, keys and values `(B, n_head, T, d_head)` to mixed values of that shape."""
    T, d_head = q.shape[-2:]
    scores = (q * (1 / math.sqrt(d_head))) @ k.mT  # (B, n_head, query, key)
    if is_causal:
        mask = torch.zeros(T, T, dtype=q.dtype, device=q.device)
        scores = scores + mask.masked_fill(future(T, T, q.device), float("-inf"))
    return F.dropout(scores.softmax(-1), dropout) @ v


class LinearCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of x · weightᵀ, a few rows of logits at a time.

    The gradient at a row's logits is softmax − one-hot, divided by the number of rows, so the
    forward pass makes both gradients while it has the row at hand. A single row's loss is cut at
    87 nats, where its probability leaves float32.
    """

    @staticmethod
    def forward(
        ctx: Any,  # torch hands over a class of its own making
        x: torch.Tensor,
        weight: torch.Tensor,
        targets: torch.Tensor,
        needs_gradient: bool,  # torch passes no keywords
    ) -> torch.Tensor:
        """Map `(N, d_model)`, `(vocab_size, d_model)` and `(N,)` to one loss in nats."""
        n_row = x.shape[0]
        total = torch.zeros((), dtype=torch.float32, device=x.device)
        grad_x = torch.empty_like(x)
        grad_weight = torch.zeros_like(weight, dtype=torch.float32)
        for start in range(0, n_row, _CHUNK):
            rows, wanted = x[start : start + _CHUNK], targets[start : start + _CHUNK, None]
            probs = F.softmax(rows @ weight.t(), dim=-1, dtype=torch.float32)
            total -= probs.gather(1, wanted).clamp_min(_TINY).log_().sum()
            if needs_gradient:
                slope = probs.scatter_add_(
                    1, wanted, torch.full_like(wanted, -1.0, dtype=torch.float32)
                )
                slope = slope.to(x.dtype)
                torch.mm(slope, weight, out=grad_x[start : start + _CHUNK])
                grad_weight += slope.t() @ rows
        ctx.save_for_backward(grad_x, grad_weight)
        ctx.n_row = n_row
        return total / n_row

    @staticmethod
    def backward(ctx: Any, *grad_outputs: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Scale the gradients that the forward pass made."""
        grad_x, grad_weight = ctx.saved_tensors
        scale = grad_outputs[0] / ctx.n_row
        return grad_x * scale.to(grad_x.dtype), grad_weight * scale, None, None
