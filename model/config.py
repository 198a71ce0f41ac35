"""The sizes of a GPT, with names, and what follows from them.

Sizes of the published models: Radford et al. 2019, "Language Models are Unsupervised Multitask
Learners", Table 2; Brown et al. 2020, arXiv 2005.14165, Table 2.1 (for GPT-3).
"""

from dataclasses import dataclass
from typing import Literal, get_args

Activation = Literal["gelu_tanh", "gelu"]


@dataclass(frozen=True)
class GPTConfig:
    """Hold the sizes and the few choices that fix a GPT-2-shaped model.

    Args:
        vocab_size: Number of tokens the model can read and say.
        block_size: The longest text it can read, in tokens; "context length".
        n_layer: Number of blocks, one after the other.
        n_head: Attention heads in each block; `d_model` is a multiple of it.
        d_model: Numbers in one token's vector, the width of the residual stream.
        activation: "gelu_tanh" as in GPT-2, or the exact "gelu".
        is_tied: Whether the output matrix is the token embedding itself.
        norm_eps: The ε inside LayerNorm's square root, above 0 and at most 1.
        dropout: Share of numbers zeroed at random while training, 0 to below 1.

    Raises:
        ValueError: A size breaks a rule; the sentence names the rule and the value.
    """

    vocab_size: int = 50257
    block_size: int = 1024
    n_layer: int = 12
    n_head: int = 12
    d_model: int = 768
    activation: Activation = "gelu_tanh"
    is_tied: bool = True
    norm_eps: float = 1e-5
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("vocab_size", "block_size", "n_layer", "n_head", "d_model"):
            size = getattr(self, name)
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise ValueError(f"{name}={size!r} is not a whole number of at least 1")
        if self.d_model % self.n_head:
            raise ValueError(f"d_model={self.d_model} is not a multiple of n_head={self.n_head}")
        if self.activation not in get_args(Activation):
            known = " or ".join(get_args(Activation))
            raise ValueError(f"activation={self.activation!r} is not {known}")
        if not isinstance(self.is_tied, bool):
            raise ValueError(f"is_tied={self.is_tied!r} is neither True nor False")
        if not (_is_number(self.norm_eps) and 0 < self.norm_eps <= 1):
            raise ValueError(f"norm_eps={self.norm_eps!r} is no number above 0 and at most 1")
        if not (_is_number(self.dropout) and 0 <= self.dropout < 1):
            raise ValueError(f"dropout={self.dropout!r} is no number in [0, 1)")

    @property
    def d_head(self) -> int:
        """Numbers in one head's query, key or value."""
        return self.d_model // self.n_head

    @property
    def d_mlp(self) -> int:
        """Hidden neurons of one block's feed-forward layer."""
        return 4 * self.d_model

    @property
    def parameters(self) -> "ParameterCounts":
        """How many learned numbers each stage holds."""
        d, hidden = self.d_model, self.d_mlp
        return ParameterCounts(
            token_embedding=self.vocab_size * d,
            position_embedding=self.block_size * d,
            attention=4 * d * d + 4 * d,
            mlp=2 * d * hidden + hidden + d,
            norm=2 * d,
            n_layer=self.n_layer,
            unembedding=0 if self.is_tied else self.vocab_size * d,
        )


def _is_number(value: object) -> bool:
    """Say whether a value, perhaps read from a file, is a number: True counts as 1 elsewhere."""
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class ParameterCounts:
    """Count learned numbers by stage; `attention`, `mlp` and `norm` are for one of each.

    `total` is V·d + C·d + L·(12d² + 13d) + 2d for a tied model, with V = `vocab_size`,
    C = `block_size`, L = `n_layer`, d = `d_model`.
    """

    token_embedding: int
    position_embedding: int
    attention: int
    mlp: int
    norm: int
    n_layer: int
    unembedding: int

    @property
    def block(self) -> int:
        """Learned numbers of one block: attention, feed-forward layer, two norms."""
        return self.attention + self.mlp + 2 * self.norm

    @property
    def total(self) -> int:
        """All learned numbers, a tied output matrix counted once."""
        embeddings = self.token_embedding + self.position_embedding
        return embeddings + self.n_layer * self.block + self.norm + self.unembedding


GPT2_SMALL = GPTConfig()
GPT2_MEDIUM = GPTConfig(n_layer=24, n_head=16, d_model=1024)
GPT2_LARGE = GPTConfig(n_layer=36, n_head=20, d_model=1280)
GPT2_XL = GPTConfig(n_layer=48, n_head=25, d_model=1600)
GPT3 = GPTConfig(block_size=2048, n_layer=96, n_head=96, d_model=12288)
