"""GPT-2 in PyTorch, and nothing else: written to be read from top to bottom.

Sources: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners" (§2.3: LayerNorm
moved to the input of each sub-block, a final one added, residual weights scaled); Vaswani et al.
2017, arXiv 1706.03762 (§3.2: attention); OpenAI's `model.py`. Parameters carry the names that
Hugging Face's GPT-2 gives them.

The `hook_…` modules are identities: they compute nothing, they only give a number a name, so that
`model.hooks` can keep what passes there.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from model.config import Activation, GPTConfig
from model.kv_cache import BlockCache, KVCache


class LayerNorm(nn.Module):
    """Normalize each token's vector by its own mean and variance, then scale and shift it.

    out = (x − μ) / √(σ² + ε) · γ + β, with μ and the biased σ² of one token's `d_model` numbers:
    Ba et al. 2016, arXiv 1607.06450, eq. 3. γ is called `weight`, β `bias`.
    """

    def __init__(self, d_model: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))
        self.hook_mean = nn.Identity()
        self.hook_var = nn.Identity()
        self.hook_std = nn.Identity()
        self.hook_normalized = nn.Identity()
        self.hook_out = nn.Identity()

    def forward(self, x: torch.Tensor, *, fused: bool = False) -> torch.Tensor:
        """Map `(B, T, d_model)` to `(B, T, d_model)`."""
        if fused:
            return F.layer_norm(x, x.shape[-1:], self.weight, self.bias, self.eps)
        mean = self.hook_mean(x.mean(dim=-1, keepdim=True))
        centered = x - mean
        var = self.hook_var(centered.square().mean(dim=-1, keepdim=True))
        std = self.hook_std(torch.sqrt(var + self.eps))
        normalized = self.hook_normalized(centered / std)
        return self.hook_out(normalized * self.weight + self.bias)


class CausalSelfAttention(nn.Module):
    """Let every token fetch from itself and the tokens before it, in `n_head` ways at once."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.n_head, self.d_head, self.dropout = config.n_head, config.d_head, config.dropout
        self.is_causal = True
        self.c_attn = nn.Linear(config.d_model, 3 * config.d_model)
        self.c_proj = nn.Linear(config.d_model, config.d_model)
        self.hook_q = nn.Identity()
        self.hook_k = nn.Identity()
        self.hook_v = nn.Identity()
        self.hook_scores = nn.Identity()
        self.hook_pattern = nn.Identity()
        self.hook_z = nn.Identity()

    def forward(
        self, x: torch.Tensor, cache: BlockCache | None = None, *, fused: bool = False
    ) -> torch.Tensor:
        """Map `(B, T, d_model)` to `(B, T, d_model)`."""
        B, T, d_model = x.shape
        # q, k and v are made from the whole vector; they are cut into heads, not the input.
        q, k, v = (
            part.view(B, T, self.n_head, self.d_head).transpose(1, 2)  # (B, n_head, T, d_head)
            for part in self.c_attn(x).split(d_model, dim=2)
        )
        q, k, v = self.hook_q(q), self.hook_k(k), self.hook_v(v)
        if cache is not None:
            k, v = cache.append(k, v)
        z = self._mix_fused(q, k, v) if fused else self._mix(q, k, v)
        joined = z.transpose(1, 2).reshape(B, T, d_model)
        return self.c_proj(joined)

    def _mix(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        scores = self.hook_scores(q @ k.mT / math.sqrt(self.d_head))  # (B, n_head, query, key)
        if self.is_causal:
            scores = scores.masked_fill(future(q.shape[2], k.shape[2], q.device), float("-inf"))
        pattern = self.hook_pattern(F.softmax(scores, dim=-1))
        pattern = F.dropout(pattern, self.dropout, self.training)
        return self.hook_z(pattern @ v)

    def _mix_fused(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        n_query, n_key = q.shape[2], k.shape[2]
        # `is_causal` aligns its triangle at the top left: right only where nothing is cached.
        is_square = n_query == n_key
        mask = None
        if self.is_causal and not is_square and n_query > 1:
            mask = ~future(n_query, n_key, q.device)
        return F.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=self.is_causal and is_square,
        )


def future(n_query: int, n_key: int, device: torch.device | None = None) -> torch.Tensor:
    """Return `(n_query, n_key)`, true where a key comes after its query.

    The queries are the last `n_query` of the `n_key` tokens.
    """
    mask = torch.ones(n_query, n_key, dtype=torch.bool, device=device)
    return mask.triu(diagonal=n_key - n_query + 1)


class MLP(nn.Module):
    """Work on each token by itself: widen it fourfold, bend it, bring it back."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.activation: Activation = config.activation
        self.c_fc = nn.Linear(config.d_model, config.d_mlp)
        self.c_proj = nn.Linear(config.d_mlp, config.d_model)
        self.hook_pre = nn.Identity()
        self.hook_post = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map `(B, T, d_model)` to `(B, T, d_model)`."""
        pre = self.hook_pre(self.c_fc(x))
        post = self.hook_post(gelu(pre, self.activation))
        return self.c_proj(post)


def gelu(x: torch.Tensor, activation: Activation) -> torch.Tensor:
    """Bend `x` smoothly: x · Φ(x), Hendrycks & Gimpel 2016, arXiv 1606.08415.

    GPT-2 uses the approximation 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))).
    """
    return F.gelu(x, approximate="tanh" if activation == "gelu_tanh" else "none")


class Block(nn.Module):
    """Add to the residual stream twice: what attention fetched, then what the MLP made of it."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(config.d_model, config.norm_eps)
        self.attn = CausalSelfAttention(config)
        self.ln_2 = LayerNorm(config.d_model, config.norm_eps)
        self.mlp = MLP(config)
        self.drop = nn.Dropout(config.dropout)
        self.hook_resid_pre = nn.Identity()
        self.hook_attn_out = nn.Identity()
        self.hook_resid_mid = nn.Identity()
        self.hook_mlp_out = nn.Identity()
        self.hook_resid_post = nn.Identity()

    def forward(
        self, x: torch.Tensor, cache: BlockCache | None = None, *, fused: bool = False
    ) -> torch.Tensor:
        """Map `(B, T, d_model)` to `(B, T, d_model)`."""
        x = self.hook_resid_pre(x)
        attn_out = self.hook_attn_out(self.attn(self.ln_1(x, fused=fused), cache, fused=fused))
        x = self.hook_resid_mid(x + self.drop(attn_out))
        mlp_out = self.hook_mlp_out(self.mlp(self.ln_2(x, fused=fused)))
        return self.hook_resid_post(x + self.drop(mlp_out))


class GPT(nn.Module):
    """Turn token ids into one logit for every token of the vocabulary, at every position."""

    def __init__(self, config: GPTConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab_size, config.d_model)
        self.wpe = nn.Embedding(config.block_size, config.d_model)
        self.drop = nn.Dropout(config.dropout)
        self.h = nn.ModuleList(Block(config) for _ in range(config.n_layer))
        self.ln_f = LayerNorm(config.d_model, config.norm_eps)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        if config.is_tied:
            self.lm_head.weight = self.wte.weight
        self.hook_tok_embed = nn.Identity()
        self.hook_pos_embed = nn.Identity()

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks in `h`, in the order in which they run."""
        return tuple(block for block in self.h if isinstance(block, Block))

    def forward(
        self,
        ids: torch.Tensor,
        cache: KVCache | None = None,
        *,
        fused: bool = False,
        n_last: int | None = None,
    ) -> torch.Tensor:
        """Map ids `(B, T)` to logits `(B, T, vocab_size)`.

        Args:
            ids: Token ids; with a cache, only those that are not in it yet.
            cache: Keys and values of the tokens before `ids`; extended in place.
            fused: Take torch's own attention and LayerNorm instead of the written-out ones. Same
                numbers up to rounding, but what happens inside them passes no hook.
            n_last: Return the logits of so many positions at the end only.

        Raises:
            ValueError: The text is longer than `block_size`.
        """
        x = self.embed(ids, first_position=0 if cache is None else cache.length)
        for index, block in enumerate(self.h):
            x = block(x, None if cache is None else cache.blocks[index], fused=fused)
        x = x if n_last is None else x[:, -n_last:]
        return self.lm_head(self.ln_f(x, fused=fused))

    def embed(self, ids: torch.Tensor, *, first_position: int = 0) -> torch.Tensor:
        """Map ids `(B, T)` to token row + position row, `(B, T, d_model)`."""
        end = first_position + ids.shape[1]
        if end > self.config.block_size:
            raise ValueError(f"{end} tokens are more than block_size={self.config.block_size}")
        positions = torch.arange(first_position, end, device=ids.device)
        tok_embed = self.hook_tok_embed(self.wte(ids))
        pos_embed = self.hook_pos_embed(self.wpe(positions))
        return self.drop(tok_embed + pos_embed)

    def empty_cache(self, n_text: int = 1, *, length: int | None = None) -> KVCache:
        """Return a cache for `n_text` texts of up to `length` tokens (default `block_size`)."""
        config, weight = self.config, self.wte.weight
        size = config.block_size if length is None else min(length, config.block_size)
        shape = (n_text, config.n_head, size, config.d_head)
        return KVCache(config.n_layer, shape, dtype=weight.dtype, device=weight.device)

    @torch.no_grad()
    def initialize(self, generator: torch.Generator) -> "GPT":
        """Draw fresh weights as Hugging Face's and nanoGPT's GPT-2 do; return the model.

        Normal with deviation 0.02, biases 0; both `c_proj` of a block scaled by 1/√(2 · n_layer):
        their reading of "1/√N where N is the number of residual layers" (Radford et al. 2019,
        §2.3), a block having two.
        """
        for name, parameter in self.named_parameters():
            if parameter.dim() < 2:
                parameter.fill_(1.0 if "ln_" in name and name.endswith("weight") else 0.0)
                continue
            scale = 1 / math.sqrt(2 * self.config.n_layer) if "c_proj" in name else 1.0
            parameter.normal_(std=0.02 * scale, generator=generator)
        return self
