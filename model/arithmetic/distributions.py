"""A row of logits by hand: shares, ranks, how even they are, how far from another row."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from model.sampling import Distribution, softmax
from model.terms import Derived, Term, above, combined, constant, recorded, rest, total
from model.trace import Array

# So many of a vocabulary's tokens are listed one by one; all others share one term.
LISTED_TOKENS = 10

Floats = NDArray[np.float64]


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


def rank(logits: Array, *, token_id: int, label: Callable[[int], str]) -> Derived:
    """Count a token's rank: 1, and 1 more for every token with a larger logit.

    Args:
        logits: `(vocab_size,)`.
        token_id: The token.
        label: What a token is called on the screen.
    """
    larger = np.flatnonzero(logits > logits[token_id])
    order = larger[np.argsort(-logits[larger], kind="stable")]
    own = constant(
        "its own place", "1", 1.0, note=f"Its logit is {_plain(float(logits[token_id]))}."
    )
    ahead = [
        constant(f"{label(int(i))}, logit {_plain(float(logits[i]))}, is larger", "1", 1.0)
        for i in order[:LISTED_TOKENS]
    ]
    if len(order) > LISTED_TOKENS:
        n_rest = len(order) - LISTED_TOKENS
        ahead.append(rest("other tokens with a larger logit", "…", n_rest, count=n_rest))
    term = total(
        f"rank of {label(token_id)}",
        "rank",
        [own, *ahead],
        formula="1 + tokens with a larger logit",
    )
    return Derived(term, float(1 + len(larger)))


def _plain(value: float) -> str:
    return f"{value:.6f}".replace("-", "−")


def divergence(
    before: Array, after: Array, *, model_value: float, label: Callable[[int], str]
) -> Derived:
    """Work the Kullback-Leibler divergence of two rows of logits out: Σ p · ln(p / p′), in nats.

    Args:
        before: `(vocab_size,)`, whose softmax is p.
        after: `(vocab_size,)`, whose softmax is p′.
        model_value: The page's own number.
        label: What a token is called on the screen.
    """
    p, other = softmax(before), softmax(after)
    sizes = _shared_sizes(p, other)
    order = np.argsort(-np.abs(sizes), kind="stable")
    listed = [_moved(label(int(i)), float(p[i]), float(other[i])) for i in order[:LISTED_TOKENS]]
    return Derived(
        total(
            "distance between the two distributions",
            "Σ p·ln(p/p′)",
            _with_rest(listed, sizes[order[LISTED_TOKENS:]]),
            formula="Σ p · ln(p / p′)",
            note="The Kullback–Leibler divergence. p is a token’s probability in the whole model, "
            "p′ after the change.",
        ),
        model_value,
    )


def _shared_sizes(p: Floats, other: Floats) -> Floats:
    """Return each token's p · ln(p / p′); 0 where p is 0."""
    is_there = p > 0
    sizes = np.zeros_like(p)
    with np.errstate(divide="ignore"):
        sizes[is_there] = p[is_there] * np.log(p[is_there] / other[is_there])
    return sizes


def _moved(name: str, p: float, other: float) -> Term:
    before, after = recorded("p", "p", p), recorded("p′", "p′", other)
    if p == 0 or other == 0:
        return rest(f"{name}, at 0 on one side", "…", math.inf if p else 0.0, count=1)
    ratio = combined("quotient", "the ratio", "p/p′", before, after)
    return combined("product", name, "p·ln(p/p′)", before, combined("ln", "", "ln(p/p′)", ratio))


def perplexity(losses: Floats, *, names: Sequence[str], model_value: float) -> Derived:
    """Work a text's perplexity out: e to the mean of −ln p of the tokens that came.

    Args:
        losses: `(n,)`, −ln p of each, in nats; at least one.
        names: What each token is called.
        model_value: The page's own number.
    """
    terms = [_loss(name, loss) for name, loss in zip(names, losses.tolist(), strict=True)]
    mean = combined(
        "quotient",
        "mean loss, in nats",
        "loss",
        total("sum of the losses", "Σ −ln p", terms),
        constant("tokens that were predicted", "n", len(terms)),
        formula="Σ −ln p / n",
    )
    term = combined(
        "exp",
        "perplexity of the text",
        "e^loss",
        mean,
        formula="e^loss",
        note="As many equally likely tokens would have been as hard to guess, token by token.",
    )
    return Derived(term, model_value)


def _loss(name: str, loss: float) -> Term:
    label, p = f"−ln p of {name}", math.exp(-loss)
    # Below the smallest number of float64 there is nothing left to divide by.
    if p == 0:
        return recorded(label, "−ln p", loss)
    share = recorded("the probability it had", "p", p)
    inverse = combined("quotient", "one over it", "1/p", constant("one", "1", 1.0), share)
    return combined("ln", label, "ln(1/p)", inverse)


def entropy(found: Floats, *, model_value: float, label: Callable[[int], str]) -> Derived:
    """Work the entropy of a distribution out, in bits: Σ p · ln(1/p), divided by ln 2.

    Args:
        found: `(vocab_size,)` probabilities.
        model_value: The page's own number.
        label: What a token is called on the screen.
    """
    sizes = -_shared_sizes(found, np.ones_like(found))
    order = np.argsort(-sizes, kind="stable")
    listed = [
        _surprise(label(int(i)), float(found[i])) for i in order[:LISTED_TOKENS] if found[i] > 0
    ]
    nats = total("entropy in nats", "Σ p·ln(1/p)", _with_rest(listed, sizes[order[LISTED_TOKENS:]]))
    ln_2 = combined("ln", "natural logarithm of 2", "ln 2", constant("two", "2", 2.0))
    term = combined(
        "quotient",
        "entropy of the whole distribution, in bits",
        "H",
        nats,
        ln_2,
        formula="H = Σ p · ln(1/p) / ln 2",
        note="0 bits: one token is certain. Each bit more doubles the number of equally likely "
        "tokens that would be as uncertain.",
    )
    return Derived(term, model_value)


def _surprise(name: str, p: float) -> Term:
    share = recorded("its probability", "p", p)
    inverse = combined("quotient", "one over it", "1/p", constant("one", "1", 1.0), share)
    return combined("product", name, "p·ln(1/p)", share, combined("ln", "", "ln(1/p)", inverse))


def _with_rest(listed: list[Term], others: Floats) -> list[Term]:
    if not len(others):
        return listed
    return [*listed, rest("all other tokens, together", "…", others.sum(), count=len(others))]
