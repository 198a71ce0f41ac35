"""Attention by hand: queries, keys and values, scores, weights, and what the heads bring."""

from dataclasses import replace
from typing import Literal

from model.arithmetic.places import Parameters, is_silenced, label_of
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
    silenced,
    total,
)
from model.trace import Array, BlockTrace, Trace

Part = Literal["q", "k", "v"]

_PART_ROLES: dict[Part, Role] = {"q": "query", "k": "key", "v": "value"}
_PART_NAMES: dict[Part, str] = {"q": "query", "k": "key", "v": "value"}


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
    n_visible = len(trace.tokens) if is_silenced(trace, "mask") else query + 1
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
    if is_silenced(trace, "head", block, head):
        return Derived(silenced(label, symbol), model_value)
    last = len(trace.tokens) if is_silenced(trace, "mask") else position + 1
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
    if is_silenced(trace, "attention", block):
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
