"""The way out by hand: a logit, and what softmax makes of all of them."""

from collections.abc import Callable

import numpy as np

from model.arithmetic.places import Parameters, label_of
from model.sampling import Distribution
from model.terms import (
    Derived,
    Factor,
    Term,
    above,
    combined,
    constant,
    products,
    recorded,
    rest,
    total,
)
from model.trace import Trace

# So many of a vocabulary's tokens are listed one by one; all others share one term.
LISTED_TOKENS = 10


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
