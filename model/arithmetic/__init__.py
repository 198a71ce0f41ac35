"""Any number on the screen, worked out again by hand in float64 numpy, and compared.

Each function takes one number of a `Trace`, derives it from what the pass recorded just before it
and from the parameters, and returns the calculation as a tree of terms beside the model's own
value. No torch: nothing here shares a line of code with the pass it checks.

Parameters are a mapping from Hugging Face's GPT-2 names to read-only arrays, matrices as torch's
`Linear` holds them, `(d_out, d_in)`. Formulas: see `model.gpt`.

Each file derives one stage's numbers; this one gathers what pages ask for by name.
"""

from model.arithmetic.attention import (
    Part,
    attention_weight,
    attn_out_entry,
    head_contribution,
    qkv_entry,
    score,
    z_entry,
)
from model.arithmetic.averages import (
    later_weight,
    mean_evenness,
    mean_later,
    mean_own,
    mean_previous,
    row_sum,
)
from model.arithmetic.distributions import (
    LISTED_TOKENS,
    divergence,
    entropy,
    perplexity,
    probability,
    rank,
)
from model.arithmetic.feed_forward import mlp_out_entry, mlp_post_entry, mlp_pre_entry
from model.arithmetic.norm import (
    norm_entry,
    norm_mean,
    norm_normalized,
    norm_of,
    norm_std,
    norm_variance,
)
from model.arithmetic.places import Parameters, label_of
from model.arithmetic.readout import change, lens_logit, logit
from model.arithmetic.stream import (
    cosine,
    input_entry,
    length,
    position_entry,
    resid_mid_entry,
    resid_post_entry,
    token_entry,
)

__all__ = [
    "LISTED_TOKENS",
    "Parameters",
    "Part",
    "attention_weight",
    "attn_out_entry",
    "change",
    "cosine",
    "divergence",
    "entropy",
    "head_contribution",
    "input_entry",
    "label_of",
    "later_weight",
    "length",
    "lens_logit",
    "logit",
    "mean_evenness",
    "mean_later",
    "mean_own",
    "mean_previous",
    "mlp_out_entry",
    "mlp_post_entry",
    "mlp_pre_entry",
    "norm_entry",
    "norm_mean",
    "norm_normalized",
    "norm_of",
    "norm_std",
    "norm_variance",
    "perplexity",
    "position_entry",
    "probability",
    "qkv_entry",
    "rank",
    "resid_mid_entry",
    "resid_post_entry",
    "row_sum",
    "score",
    "token_entry",
    "z_entry",
]
