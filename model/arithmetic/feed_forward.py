"""The feed-forward layer by hand: a neuron's input, its bend, and the way back."""

import math

from model.arithmetic.places import Parameters, is_silenced, label_of
from model.terms import (
    Derived,
    Factor,
    Term,
    combined,
    constant,
    indexed,
    learned,
    products,
    recorded,
    silenced,
    total,
)
from model.trace import Trace


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
    if is_silenced(trace, "neuron", block, neuron):
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
    if is_silenced(trace, "mlp", block):
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
