"""A masked language model: GPT-2's own parts without the causal mask, trained as BERT was.

What makes it BERT's kind is what it may look at (both sides), and what it is asked (a token that
was hidden, not the next one): Devlin et al. 2019, arXiv 1810.04805, §3.1. Everything else is kept
as in `model.gpt`, so that a comparison with GPT compares these two things alone. The published BERT
differs further: norms behind each sub-layer, a norm after the embeddings, a segment embedding, one
more layer before the output matrix, and a second task.

The answer for a hidden token is read one place before it, where a GPT would say it, and not at its
own place as in BERT. So a GPT's weights are a good start, and a short training is enough:
"masked next token prediction", BehnamGhader et al. 2024, arXiv 2404.05961, §2.
"""

from dataclasses import replace

import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.tokenizer import Tokenizer, Tokens, tokenizer

# Shown in place of a hidden token. No token's bytes: the id is what makes it one.
MASK_PIECE = b"[MASK]"


class MaskedLM(GPT):
    """Map a text with hidden tokens to one logit for every token, at every position.

    The vocabulary is a GPT's and, as its last id, [MASK]. The logits for the token at position i
    stand in row i − 1.
    """

    def __init__(self, config: GPTConfig) -> None:
        super().__init__(config)
        for block in self.blocks:
            block.attn.is_causal = False

    @property
    def mask_id(self) -> int:
        """The id of [MASK]."""
        return self.config.vocab_size - 1

    @property
    def tokenizer(self) -> Tokenizer:
        """What cuts a text for this model: its vocabulary without [MASK]."""
        return tokenizer(self.config.vocab_size - 1)

    @classmethod
    @torch.no_grad()
    def from_gpt(cls, gpt: GPT) -> "MaskedLM":
        """Return a copy of a GPT that looks both ways; [MASK]'s row is the mean of all rows."""
        model = cls(replace(gpt.config, vocab_size=gpt.config.vocab_size + 1))
        weights = {name: tensor.clone() for name, tensor in gpt.state_dict().items()}
        for name in ("wte.weight", "lm_head.weight"):
            rows = weights[name]
            weights[name] = torch.cat([rows, rows.mean(dim=0, keepdim=True)])
        model.load_state_dict(weights)
        return model.to(gpt.wte.weight.device)


def hide(tokens: Tokens, positions: frozenset[int], *, mask_id: int) -> Tokens:
    """Return the tokens with [MASK] at some positions."""
    pairs = zip(tokens.ids, tokens.pieces, strict=True)
    hidden = [
        (mask_id, MASK_PIECE) if position in positions else pair
        for position, pair in enumerate(pairs)
    ]
    return Tokens(tuple(i for i, _ in hidden), tuple(piece for _, piece in hidden))
