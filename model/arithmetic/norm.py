"""LayerNorm by hand: a mean, a variance, ε, and the learned γ and β."""

import numpy as np

from model.arithmetic.places import Parameters, label_of
from model.terms import (
    Derived,
    Factor,
    Term,
    above,
    combined,
    constant,
    indexed,
    learned,
    recorded,
    total,
)
from model.trace import Array, NormTrace, Trace


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
    return Derived(mean_of(read[position]), float(left.mean[position]))


def norm_variance(trace: Trace, *, norm: str, position: int) -> Derived:
    """Work σ² out: the mean of the squared distances from μ, divided by d, not by d − 1."""
    read, left = norm_of(trace, norm)
    row = read[position]
    return Derived(variance_of(row, mean_of(row)), float(left.var[position]))


def norm_std(trace: Trace, *, norm: str, position: int) -> Derived:
    """Work √(σ² + ε) out, what the distances from μ are divided by."""
    read, left = norm_of(trace, norm)
    row = read[position]
    std = std_of(variance_of(row, mean_of(row)), trace.config.norm_eps)
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


def mean_of(row: Array) -> Term:
    """Return the calculation of μ of one row."""
    summed = total("sum of all its numbers", "Σx", Factor("x", row, label="number").terms())
    return combined(
        "quotient",
        "mean",
        "μ",
        summed,
        constant("how many numbers", "d", len(row)),
        formula="μ = Σx / d",
    )


def variance_of(row: Array, mean: Term) -> Term:
    """Return the calculation of σ² of one row around its mean."""
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


def std_of(variance: Term, eps: float) -> Term:
    """Return the calculation of √(σ² + ε)."""
    inside = total(
        "variance, and a little more",
        "σ² + ε",
        [variance, constant("ε, so that nothing is divided by zero", "ε", eps)],
    )
    return combined("root", "spread", "√(σ² + ε)", inside, formula="√(σ² + ε)")


def _normalized(row: Array, dim: int, eps: float) -> Term:
    mean = mean_of(row)
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
        std_of(variance_of(row, mean), eps),
        formula="x̂ = (x − μ) / √(σ² + ε)",
    )
