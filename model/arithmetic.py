"""Any number on the screen, worked out again by hand in float64 numpy, and compared.

Each function takes one number of a `Trace`, derives it from what the pass recorded just before it
and from the parameters, and returns the calculation as a tree of terms beside the model's own
value. No torch: nothing here shares a line of code with the pass it checks.

Parameters are a mapping from Hugging Face's GPT-2 names to read-only arrays, matrices as torch's
`Linear` holds them, `(d_out, d_in)`. Formulas: see `model.gpt`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from model.sampling import Distribution
from model.terms import (
    Derived,
    Factor,
    Role,
    Term,
    above,
    combined,
    constant,
    indexed,
    learned,
    products,
    recorded,
    rest,
    silenced,
    total,
)
from model.tokenizer import END_OF_TEXT, piece_label
from model.trace import Array, BlockTrace, NormTrace, Silenced, Trace

Parameters = Mapping[str, Array]
Part = Literal["q", "k", "v"]

_PART_ROLES: dict[Part, Role] = {"q": "query", "k": "key", "v": "value"}
_PART_NAMES: dict[Part, str] = {"q": "query", "k": "key", "v": "value"}
# So many of a vocabulary's tokens are listed one by one; all others share one term.
LISTED_TOKENS = 10


def label_of(trace: Trace, position: int) -> str:
    """Return the token at `position` as the screen writes it."""
    piece = trace.tokens.pieces[position]
    return piece_label(piece) if piece else END_OF_TEXT


def token_entry(trace: Trace, parameters: Parameters, *, position: int, dim: int) -> Derived:
    """Look one number of a token's embedding up: row id, column `dim` of wte."""
    token_id = trace.tokens.ids[position]
    name = label_of(trace, position)
    weight = learned(
        f"row {token_id}, column {dim} of the token table",
        "wte",
        parameters["wte.weight"][token_id, dim],
        note=f"wte.weight[{token_id}, {dim}]",
    )
    term = combined(
        "same",
        f"token embedding of {name}, dimension {dim}",
        indexed("e", dim),
        weight,
        formula=f"e = wte[id {token_id}]",
        note="A look-up: no multiplication. It equals a one-hot row times the table.",
    )
    return Derived(term, float(trace.tok_embed[position, dim]))


def position_entry(trace: Trace, parameters: Parameters, *, position: int, dim: int) -> Derived:
    """Look one number of a position's embedding up: row `position`, column `dim` of wpe."""
    label, symbol = f"embedding of position {position}, dimension {dim}", indexed("p", dim)
    model_value = float(trace.pos_embed[position, dim])
    if _is_silenced(trace, "positions"):
        return Derived(silenced(label, symbol), model_value)
    weight = learned(
        f"row {position}, column {dim} of the position table",
        "wpe",
        parameters["wpe.weight"][position, dim],
        note=f"wpe.weight[{position}, {dim}]",
    )
    term = combined("same", label, symbol, weight, formula=f"p = wpe[position {position}]")
    return Derived(term, model_value)


def input_entry(trace: Trace, *, position: int, dim: int) -> Derived:
    """Add token and position: one number of what enters the first block."""
    term = total(
        f"input of {label_of(trace, position)}, dimension {dim}",
        indexed("x", dim),
        [
            recorded("token embedding", indexed("e", dim), trace.tok_embed[position, dim]),
            recorded("position embedding", indexed("p", dim), trace.pos_embed[position, dim]),
        ],
        formula="x = e + p",
    )
    return Derived(term, float(trace.blocks[0].resid_pre[position, dim]))


def norm_of(trace: Trace, norm: str) -> tuple[Array, NormTrace]:
    """Return what the LayerNorm called `norm` read and what it left behind.

    Args:
        trace: The pass.
        norm: "ln_f", or "h.0.ln_1", "h.0.ln_2" for a block's.
    """
    if norm == "ln_f":
        return trace.blocks[-1].resid_post, trace.ln_f
    block = trace.blocks[int(norm.split(".")[1])]
    return (block.resid_pre, block.ln_1) if norm.endswith("ln_1") else (block.resid_mid, block.ln_2)


def _norm_title(norm: str) -> str:
    if norm == "ln_f":
        return "output of ln_f"
    _, block, name = norm.split(".")
    return f"output of {name} in block {int(block) + 1}"


def norm_mean(trace: Trace, *, norm: str, position: int) -> Derived:
    """Work μ out: the sum of one token's numbers, divided by how many they are."""
    read, left = norm_of(trace, norm)
    return Derived(_mean(read[position]), float(left.mean[position]))


def norm_variance(trace: Trace, *, norm: str, position: int) -> Derived:
    """Work σ² out: the mean of the squared distances from μ, divided by d, not by d − 1."""
    read, left = norm_of(trace, norm)
    row = read[position]
    return Derived(_variance(row, _mean(row)), float(left.var[position]))


def norm_std(trace: Trace, *, norm: str, position: int) -> Derived:
    """Work √(σ² + ε) out, what the distances from μ are divided by."""
    read, left = norm_of(trace, norm)
    row = read[position]
    std = _std(_variance(row, _mean(row)), trace.config.norm_eps)
    return Derived(std, float(left.std[position]))


def norm_normalized(trace: Trace, *, norm: str, position: int, dim: int) -> Derived:
    """Work one normalized number out, before γ and β."""
    read, left = norm_of(trace, norm)
    term = _normalized(read[position], dim, trace.config.norm_eps)
    return Derived(term, float(left.normalized[position, dim]))


def norm_entry(
    trace: Trace,
    parameters: Parameters,
    *,
    norm: str,
    position: int,
    dim: int,
    has_gamma: bool = True,
    has_beta: bool = True,
) -> Derived:
    """Work one number of a LayerNorm's output out: mean, variance, ε, then γ and β.

    Without γ or β the value beside it is not of the pass: it is its normalized number, scaled and
    shifted in float32 by what is left.
    """
    read, left = norm_of(trace, norm)
    normalized = _normalized(read[position], dim, trace.config.norm_eps)
    gamma = constant("γ, left out", "γ", 1.0)
    if has_gamma:
        gamma = learned("γ, the learned scale", "γ", parameters[f"{norm}.weight"][dim])
    beta = constant("β, left out", "β", 0.0)
    if has_beta:
        beta = learned("β, the learned shift", "β", parameters[f"{norm}.bias"][dim])
    term = total(
        f"{_norm_title(norm)}: {label_of(trace, position)}, dimension {dim}",
        "out",
        [combined("product", "scaled", "x̂·γ", normalized, gamma), beta],
        formula="out = (x − μ) / √(σ² + ε) · γ + β",
    )
    if has_gamma and has_beta:
        return Derived(term, float(left.out[position, dim]))
    changed = left.normalized[position, dim] * np.float32(gamma.value) + np.float32(beta.value)
    return Derived(term, float(changed))


def _mean(row: Array) -> Term:
    summed = total("sum of all its numbers", "Σx", Factor("x", row, label="number").terms())
    return combined(
        "quotient",
        "mean",
        "μ",
        summed,
        constant("how many numbers", "d", len(row)),
        formula="μ = Σx / d",
    )


def _variance(row: Array, mean: Term) -> Term:
    squares = [
        combined(
            "square",
            f"dimension {i}",
            f"({x.symbol} − μ)²",
            combined("difference", "distance from the mean", f"{x.symbol} − μ", x, above(mean)),
        )
        for i, x in enumerate(Factor("x", row, label="number").terms())
    ]
    summed = total("sum of the squared distances", "Σ(x − μ)²", squares)
    return combined(
        "quotient",
        "variance",
        "σ²",
        summed,
        constant("how many numbers", "d", len(row)),
        formula="σ² = Σ(x − μ)² / d",
        note="Divided by d, not by d − 1: this is the variance of these numbers themselves.",
    )


def _std(variance: Term, eps: float) -> Term:
    inside = total(
        "variance, and a little more",
        "σ² + ε",
        [variance, constant("ε, so that nothing is divided by zero", "ε", eps)],
    )
    return combined("root", "spread", "√(σ² + ε)", inside, formula="√(σ² + ε)")


def _normalized(row: Array, dim: int, eps: float) -> Term:
    mean = _mean(row)
    x = recorded("the number that came in", indexed("x", dim), row[dim])
    centered = combined(
        "difference",
        "its distance from the mean",
        f"{x.symbol} − μ",
        x,
        mean,
        formula=f"{x.symbol} − μ",
    )
    return combined(
        "quotient",
        "normalized",
        "x̂",
        centered,
        _std(_variance(row, mean), eps),
        formula="x̂ = (x − μ) / √(σ² + ε)",
    )


def qkv_entry(
    trace: Trace,
    parameters: Parameters,
    *,
    part: Part,
    block: int,
    head: int,
    position: int,
    dim: int,
) -> Derived:
    """Work one number of a query, key or value out: a row of the weights times ln_1's output.

    Args:
        trace: The pass.
        parameters: The model's.
        part: "q", "k" or "v".
        block: From 0.
        head: From 0.
        position: Of the token.
        dim: 0 to d_head − 1.
    """
    d_model, d_head = trace.config.d_model, trace.config.d_head
    row = "qkv".index(part) * d_model + head * d_head + dim
    name = f"h.{block}.attn.c_attn"
    x = Factor("x", trace.blocks[block].ln_1.out[position])
    w = Factor("w", parameters[f"{name}.weight"][row], "weights")
    bias = learned("bias", "b", parameters[f"{name}.bias"][row], note=f"{name}.bias[{row}]")
    term = total(
        f"{_PART_NAMES[part]} of {label_of(trace, position)}, dimension {dim}",
        indexed(part, dim),
        [*products(x, w), bias],
        formula=f"{part} = x · w + b",
        role=_PART_ROLES[part],
        note=f"x is ln_1's output, w is row {row} of {name}.weight.",
    )
    shown: Array = getattr(trace.blocks[block], part)
    return Derived(term, float(shown[head, position, dim]))


def score(trace: Trace, *, block: int, head: int, query: int, key: int) -> Derived:
    """Work one attention score out: d_head products, their sum, divided by √d_head."""
    found = trace.blocks[block]
    return Derived(_score(trace, found, head, query, key), float(found.scores[head, query, key]))


def _score(trace: Trace, found: BlockTrace, head: int, query: int, key: int) -> Term:
    q = Factor("q", found.q[head, query], "query")
    k = Factor("k", found.k[head, key], "key")
    d_head = constant("numbers in one head's vector", "d_head", trace.config.d_head)
    return combined(
        "quotient",
        f"score: {label_of(trace, query)} looks at {label_of(trace, key)}",
        "s",
        total("q · k, the sum of the products", "q · k", products(q, k), formula="q · k"),
        combined("root", "√d_head", "√d_head", d_head),
        formula="s = q · k / √d_head",
    )


def attention_weight(trace: Trace, *, block: int, head: int, query: int, key: int) -> Derived:
    """Work one attention weight out: e to the score, as a share of the row's sum.

    The largest visible score of the row is taken off first, as every softmax does: all shares stay
    the same and no number grows too large.
    """
    found = trace.blocks[block]
    model_value = float(found.pattern[head, query, key])
    label = f"weight: {label_of(trace, query)} looks at {label_of(trace, key)}"
    n_visible = len(trace.tokens) if _is_silenced(trace, "mask") else query + 1
    if key >= n_visible:
        note = "A later token: the mask sets its score to −∞, and e to the −∞ is exactly 0."
        return Derived(Term(label, "A", 0.0, "masked", role="attention", note=note), model_value)
    row = found.scores[head, query]
    largest = recorded("largest visible score of the row", "m", row[:n_visible].max())
    own = _power("its own power of e", "s", _score(trace, found, head, query, key), largest)
    powers = [
        replace(above(own), label=label_of(trace, key))
        if other == key
        else _power(
            label_of(trace, other),
            indexed("s", other),
            recorded(f"score of {label_of(trace, other)}", indexed("s", other), row[other]),
            above(largest),
        )
        for other in range(n_visible)
    ]
    masked = Term(
        "later tokens, masked",
        "e^−∞",
        0.0,
        "masked",
        note="The mask sets their scores to −∞; e to the −∞ is exactly 0.",
        count=len(row) - n_visible,
    )
    summed = total(
        "sum of the row's powers", "Σ e^(s − m)", [*powers, masked] if masked.count else powers
    )
    term = combined(
        "quotient",
        label,
        "A",
        own,
        summed,
        formula="A = e^(s − m) / Σ e^(s − m)",
        role="attention",
    )
    return Derived(term, model_value)


def _power(label: str, symbol: str, shown_score: Term, largest: Term) -> Term:
    lowered = combined(
        "difference", "score less the largest", f"{symbol} − m", shown_score, largest
    )
    return combined("exp", label, f"e^({symbol} − m)", lowered)


def z_entry(trace: Trace, *, block: int, head: int, position: int, dim: int) -> Derived:
    """Work one number of a head's result out: every value times its weight, summed."""
    found = trace.blocks[block]
    label, symbol = f"result of head {head + 1}, dimension {dim}", indexed("z", dim)
    model_value = float(found.z[head, position, dim])
    if _is_silenced(trace, "head", block, head):
        return Derived(silenced(label, symbol), model_value)
    last = len(trace.tokens) if _is_silenced(trace, "mask") else position + 1
    terms = [
        combined(
            "product",
            f"from {label_of(trace, key)}",
            f"A·{indexed('v', dim)}",
            recorded(
                "weight", indexed("A", key), found.pattern[head, position, key], role="attention"
            ),
            recorded(
                "value",
                f"{indexed('v', dim)} of {label_of(trace, key)}",
                found.v[head, key, dim],
                role="value",
            ),
        )
        for key in range(last)
    ]
    note = "Later tokens have weight 0 and bring nothing." if last < len(trace.tokens) else ""
    term = total(label, symbol, terms, formula="z = Σ A · v", role="attention", note=note)
    return Derived(term, model_value)


def head_contribution(
    trace: Trace, parameters: Parameters, *, block: int, head: int, position: int, dim: int
) -> Derived:
    """Work out what one head adds to dimension `dim`: its z times its columns of c_proj.

    The pass adds all heads in one product; the value beside it is that product's float32 part.
    """
    x, w = _head_factors(trace, parameters, block, head, position, dim)
    term = _head_term(x, w, head, dim)
    return Derived(term, float(x.values @ w.values))


def attn_out_entry(
    trace: Trace, parameters: Parameters, *, block: int, position: int, dim: int
) -> Derived:
    """Work one number of attention's output out: what each head adds, and the bias."""
    label, symbol = f"attention's output, dimension {dim}", indexed("a", dim)
    model_value = float(trace.blocks[block].attn_out[position, dim])
    if _is_silenced(trace, "attention", block):
        return Derived(silenced(label, symbol), model_value)
    heads = [
        _head_term(*_head_factors(trace, parameters, block, head, position, dim), head, dim)
        for head in range(trace.config.n_head)
    ]
    bias = learned("bias", "b", parameters[f"h.{block}.attn.c_proj.bias"][dim])
    term = total(
        label, symbol, [*heads, bias], formula="a = Σ z · w + b, head by head", role="attention"
    )
    return Derived(term, model_value)


def _head_factors(
    trace: Trace, parameters: Parameters, block: int, head: int, position: int, dim: int
) -> tuple[Factor, Factor]:
    d_head = trace.config.d_head
    columns = slice(head * d_head, (head + 1) * d_head)
    weight = parameters[f"h.{block}.attn.c_proj.weight"][dim, columns]
    z = Factor("z", trace.blocks[block].z[head, position], "attention")
    return z, Factor("w", weight, "weights")


def _head_term(z: Factor, w: Factor, head: int, dim: int) -> Term:
    return total(
        f"head {head + 1} to dimension {dim}",
        f"head {head + 1}",
        products(z, w),
        formula="z · w",
        role="attention",
    )


def resid_mid_entry(trace: Trace, *, block: int, position: int, dim: int) -> Derived:
    """Add what attention fetched to the residual stream, one number of it."""
    found = trace.blocks[block]
    return _residual(
        trace,
        position,
        dim,
        "after attention",
        ("before the block", found.resid_pre),
        ("attention's output", found.attn_out),
        found.resid_mid,
    )


def resid_post_entry(trace: Trace, *, block: int, position: int, dim: int) -> Derived:
    """Add what the feed-forward layer made to the residual stream, one number of it."""
    found = trace.blocks[block]
    return _residual(
        trace,
        position,
        dim,
        "after the feed-forward layer",
        ("after attention", found.resid_mid),
        ("feed-forward output", found.mlp_out),
        found.resid_post,
    )


def _residual(
    trace: Trace,
    position: int,
    dim: int,
    where: str,
    before: tuple[str, Array],
    added: tuple[str, Array],
    after: Array,
) -> Derived:
    term = total(
        f"residual stream {where}, {label_of(trace, position)}, dimension {dim}",
        indexed("x′", dim),
        [
            recorded(f"residual stream {before[0]}", indexed("x", dim), before[1][position, dim]),
            recorded(added[0], indexed("f", dim), added[1][position, dim]),
        ],
        formula="x′ = x + f",
    )
    return Derived(term, float(after[position, dim]))


def mlp_pre_entry(
    trace: Trace, parameters: Parameters, *, block: int, position: int, neuron: int
) -> Derived:
    """Work a hidden neuron's input out: its row of c_fc times ln_2's output, and its bias."""
    name = f"h.{block}.mlp.c_fc"
    x = Factor("x", trace.blocks[block].ln_2.out[position])
    w = Factor("w", parameters[f"{name}.weight"][neuron], "weights")
    term = total(
        f"input of neuron {neuron} at {label_of(trace, position)}",
        "h",
        [*products(x, w), learned("bias", "b", parameters[f"{name}.bias"][neuron])],
        formula="h = x · w + b",
        note=f"x is ln_2's output, w is row {neuron} of {name}.weight.",
    )
    return Derived(term, float(trace.blocks[block].mlp_pre[position, neuron]))


def mlp_post_entry(trace: Trace, *, block: int, position: int, neuron: int) -> Derived:
    """Work a hidden neuron's output out: GELU of its input, in the model's own form of it."""
    found = trace.blocks[block]
    label = f"output of neuron {neuron} at {label_of(trace, position)}"
    model_value = float(found.mlp_post[position, neuron])
    if _is_silenced(trace, "neuron", block, neuron):
        return Derived(silenced(label, "GELU(h)"), model_value)
    x = recorded(f"input of neuron {neuron}", "h", found.mlp_pre[position, neuron])
    form = _gelu_tanh if trace.config.activation == "gelu_tanh" else _gelu
    return Derived(form(label, x), model_value)


def _gelu(label: str, x: Term) -> Term:
    share = combined(
        "normal_share",
        "share of the bell curve below h",
        "Φ(h)",
        x,
        note="The part of a standard normal distribution that lies below h.",
    )
    return combined("product", label, "GELU(h)", x, share, formula="GELU(h) = h · Φ(h)")


def _gelu_tanh(label: str, x: Term) -> Term:
    cube = combined(
        "product",
        "a little of h cubed",
        "0.044715·h³",
        constant("a constant of the approximation", "0.044715", 0.044715),
        x,
        x,
        x,
    )
    inner = combined(
        "product",
        "inside tanh",
        "√(2/π)·(h + 0.044715·h³)",
        constant("√(2/π)", "√(2/π)", math.sqrt(2 / math.pi)),
        total("h and a little of its cube", "h + 0.044715·h³", [x, cube]),
    )
    bend = total(
        "1 + tanh",
        "1 + tanh(…)",
        [constant("one", "1", 1.0), combined("tanh", "tanh", "tanh(…)", inner)],
    )
    return combined(
        "product",
        label,
        "GELU(h)",
        constant("one half", "0.5", 0.5),
        x,
        bend,
        formula="GELU(h) = 0.5 · h · (1 + tanh(√(2/π) · (h + 0.044715 · h³)))",
        note="GPT-2's approximation of h · Φ(h), Φ being the share of the bell curve below h.",
    )


def mlp_out_entry(
    trace: Trace, parameters: Parameters, *, block: int, position: int, dim: int
) -> Derived:
    """Work one number of the feed-forward output out: all neurons times c_proj, and its bias."""
    label, symbol = f"feed-forward output, dimension {dim}", indexed("f", dim)
    model_value = float(trace.blocks[block].mlp_out[position, dim])
    if _is_silenced(trace, "mlp", block):
        return Derived(silenced(label, symbol), model_value)
    name = f"h.{block}.mlp.c_proj"
    g = Factor("g", trace.blocks[block].mlp_post[position])
    w = Factor("w", parameters[f"{name}.weight"][dim], "weights")
    bias = learned("bias", "b", parameters[f"{name}.bias"][dim])
    term = total(
        label,
        symbol,
        [*products(g, w, each="neuron"), bias],
        formula="f = g · w + b",
        note=f"g is what the neurons give, w is row {dim} of {name}.weight.",
    )
    return Derived(term, model_value)


def logit(
    trace: Trace, parameters: Parameters, *, position: int, token_id: int, label: str
) -> Derived:
    """Work one logit out: the final norm's output times the token's row of the output matrix."""
    x = Factor("x", trace.ln_f.out[position])
    u = Factor("u", parameters["lm_head.weight"][token_id], "weights")
    shared = " This is the token table again: the two are tied." if trace.config.is_tied else ""
    term = total(
        f"logit of {label} after {label_of(trace, position)}",
        "logit",
        products(x, u),
        formula="logit = x · u",
        note=f"x is ln_f's output, u is row {token_id} of the output matrix.{shared}",
    )
    return Derived(term, float(trace.logits[position][token_id]))


def probability(
    found: Distribution, *, temperature: float, token_id: int, label: Callable[[int], str]
) -> Derived:
    """Work one token's probability out: its share of e^(logit / temperature) over all that count.

    Args:
        found: All stages of the distribution; its filters are not worked out again, only obeyed.
        temperature: What `found` was made with; 0 takes the largest logit.
        token_id: The token.
        label: What a token is called on the screen.
    """
    name, model_value = f"probability of {label(token_id)}", float(found.probs[token_id])
    if not found.kept[token_id]:
        note = "This token was taken out before the draw: its share is exactly 0."
        return Derived(Term(name, "p", 0.0, "masked", note=note), model_value)
    ids = np.flatnonzero(found.kept)
    if temperature == 0:
        note = "Temperature 0: the largest logit gets the whole probability."
        return Derived(Term(name, "p", 1.0 / len(ids), "constant", note=note), model_value)
    logits = np.asarray(found.logits, np.float64)
    largest = recorded("largest logit", "m", logits[ids].max())
    heat = constant("temperature", "τ", temperature)
    own = _share(f"power of e for {label(token_id)}", float(logits[token_id]), largest, heat)
    listed = ids[np.argsort(-logits[ids], kind="stable")][:LISTED_TOKENS]
    powers = [_share(label(int(i)), float(logits[i]), above(largest), heat) for i in listed]
    others = np.setdiff1d(ids, listed)
    if len(others):
        together = np.exp((logits[others] - largest.value) / temperature).sum()
        powers.append(
            rest("all other tokens, together", "Σ of the rest", together, count=len(others))
        )
    summed = total("sum over every token that can be drawn", "Σ e^((l − m)/τ)", powers)
    formula = "p = e^((l − m)/τ) / Σ e^((l − m)/τ)"
    return Derived(combined("quotient", name, "p", own, summed, formula=formula), model_value)


def _share(label: str, raw: float, largest: Term, temperature: Term) -> Term:
    lowered = combined(
        "difference", "logit less the largest", "l − m", recorded("logit", "l", raw), largest
    )
    cooled = combined("quotient", "over the temperature", "(l − m)/τ", lowered, temperature)
    return combined("exp", label, "e^((l − m)/τ)", cooled)


def _is_silenced(trace: Trace, kind: str, block: int = 0, index: int = 0) -> bool:
    """Say whether the pass ran without this very part."""
    part: Silenced | None = trace.silenced
    if part is None or part.kind != kind:
        return False
    if kind in ("positions", "mask"):
        return True
    return part.block == block and (kind in ("attention", "mlp") or part.index == index)
