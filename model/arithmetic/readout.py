"""The way out by hand: a logit of the model, and one that the logit lens reads half-way."""

from model.arithmetic.norm import mean_of, std_of, variance_of
from model.arithmetic.places import Parameters, label_of
from model.terms import Derived, Factor, Term, combined, products, total
from model.trace import Trace


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


def lens_logit(
    trace: Trace,
    parameters: Parameters,
    *,
    stage: int,
    position: int,
    token_id: int,
    label: str,
    model_value: float,
) -> Derived:
    """Work one logit of the logit lens out: a middle state, ln_f's γ and β, the token's row.

    μ and √(σ² + ε) are the state's own, so they are taken out of the sum and worked out once:
    Σ (x − μ) / s · γ · u + Σ β · u = (Σ x·γ·u − μ · Σ γ·u) / s + Σ β·u.

    Args:
        trace: The pass.
        parameters: The model's.
        stage: 0 is what enters the first block, i what block i − 1 hands on.
        position: Of the token.
        token_id: Whose logit.
        label: What the token is called on the screen.
        model_value: What the lens read; of the last stage the pass's own logit.
    """
    is_last = stage == trace.config.n_layer
    row = trace.blocks[-1].resid_post if is_last else trace.blocks[stage].resid_pre
    x = Factor("x", row[position])
    gamma = Factor("γ", parameters["ln_f.weight"], "weights")
    beta = Factor("β", parameters["ln_f.bias"], "weights")
    u = Factor("u", parameters["lm_head.weight"][token_id], "weights")
    mean = mean_of(row[position])
    shift = combined("product", "the mean’s share", "μ · Σγ·u", mean, _dot("Σγ·u", gamma, u))
    scaled = combined(
        "quotient",
        "what the state says, in the final norm’s scale",
        "(Σx·γ·u − μ·Σγ·u) / √(σ² + ε)",
        combined(
            "difference", "around its mean", "Σx·γ·u − μ·Σγ·u", _dot("Σx·γ·u", x, gamma, u), shift
        ),
        std_of(variance_of(row[position], mean), trace.config.norm_eps),
    )
    term = total(
        f"logit of {label}, read at {label_of(trace, position)} {_stage_name(stage)}",
        "logit",
        [scaled, _dot("Σβ·u", beta, u)],
        formula="logit = (Σ x·γ·u − μ · Σ γ·u) / √(σ² + ε) + Σ β·u",
        note="x is the state between two blocks, γ and β are the final LayerNorm’s, u is the "
        f"token’s row {token_id} of the output matrix. μ and σ² are the state’s own.",
    )
    return Derived(term, model_value)


def _stage_name(stage: int) -> str:
    return f"after block {stage}" if stage else "before the first block"


def _dot(symbol: str, *factors: Factor) -> Term:
    rows = zip(*(factor.terms() for factor in factors), strict=True)
    listed = [
        combined("product", f"dimension {i}", "·".join(term.symbol for term in row), *row)
        for i, row in enumerate(rows)
    ]
    return total("sum of the products", symbol, listed)


def change(label: str, before: Derived, after: Derived) -> Derived:
    """Work out how far a number moved between two passes: after less before."""
    term = combined(
        "difference", label, "after − before", after.term, before.term, formula="after − before"
    )
    return Derived(term, after.model_value - before.model_value)
