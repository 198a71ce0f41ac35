"""The glossary's terms: what they mean, and this run's numbers for their examples."""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import streamlit as st

from model.sampling import SamplingSettings, distribution
from model.surprise import surprise
from model.trace import Trace
from pages.components.terms import term_links
from pages.parts import session
from pages.parts.numbers import percent, signed
from pages.parts.stages import stage
from pages.parts.texts import as_text, sections

_EXAMPLE = "Here: "
_KEY, _FIND = "terms", "glossary_find"


@dataclass(frozen=True)
class GlossaryTerm:
    """Hold one entry.

    Args:
        names: The term, then other forms of it.
        meaning: One or two sentences.
        example: A sentence with names of numbers in braces.
    """

    names: tuple[str, ...]
    meaning: str
    example: str


@lru_cache(maxsize=1)
def glossary() -> tuple[GlossaryTerm, ...]:
    """Return every entry of `pages/texts/glossary.md`, in its order."""
    entries = []
    for heading, body in sections("glossary").items():
        if heading:
            meaning, example = body.split(f"\n{_EXAMPLE}")
            names = tuple(name.strip() for name in heading.split(","))
            entries.append(GlossaryTerm(names, meaning, _EXAMPLE + example))
    return tuple(entries)


@lru_cache(maxsize=1)
def entries_by_form() -> dict[str, GlossaryTerm]:
    """Return the entry of each form of each term, in lower case."""
    return {name.lower(): entry for entry in glossary() for name in entry.names}


def with_terms(markdown: str) -> str:
    """Underline each *emphasised* term that the glossary knows.

    Its meaning shows on it, and a press opens its entry (see `glossary_links`).
    """

    def underlined(found: re.Match[str]) -> str:
        entry = entries_by_form().get(found[1].lower())
        if entry is None:
            return found[0]
        safe = entry.meaning.replace('"', "&quot;").replace("<", "&lt;").replace("`", "")
        return (
            f'<span class="term" role="link" tabindex="0" data-term="{entry.names[0]}" '
            f'data-meaning="{safe}">{found[1]}</span>'
        )

    return re.sub(r"(?<!\*)\*([^*\n]+)\*(?!\*)", underlined, markdown)


def glossary_links() -> None:
    """Open the glossary at a term that is pressed on any page."""
    term_links(key=_KEY, page=stage("glossary").name, parameter=_FIND)


def wanted_term() -> str:
    """Draw the search of the glossary and return what is searched for."""
    return st.text_input(
        "Find a term", key=_FIND, placeholder="for example: softmax", bind="query-params"
    )


def matching(wanted: str) -> list[GlossaryTerm]:
    """Return the entries that hold a text, those called so first."""
    text = wanted.strip().lower()
    found = [e for e in glossary() if text in f"{' '.join(e.names)} {e.meaning}".lower()]
    return sorted(found, key=lambda e: text not in (name.lower() for name in e.names))


def example_numbers(trace: Trace) -> dict[str, str]:
    """Return every number an example names, as text, from one pass and the selection."""
    return _sizes(trace) | _attention_numbers(trace) | _stream(trace) | _output(trace)


def _sizes(trace: Trace) -> dict[str, str]:
    config, T = trace.config, len(trace.tokens)
    names = ("vocab_size", "block_size", "n_layer", "n_head", "d_model", "d_head", "d_mlp")
    return {name: f"{getattr(config, name):,}" for name in names} | {
        "T": f"{T:,}",
        "cut": f"{T - (trace.tokens.ids[0] == config.vocab_size - 1):,}",
        "last_position": f"{T - 1:,}",
        "characters": f"{len(session.text()):,}",
        "parameters": f"{config.parameters.total:,}",
        "block_parameters": f"{config.parameters.block:,}",
        "merges": f"{config.vocab_size - 257:,}",
        "masked_cells": f"{T * (T - 1) // 2:,}",
        "all_cells": f"{T * T:,}",
        "cache_numbers": f"{2 * config.n_layer * config.d_model * T:,}",
        "norms": f"{2 * config.n_layer + 1}",
        "end_id": f"{config.vocab_size - 1:,}",
        "seed": f"{session.seed()}",
        "uniform": f"{math.log(config.vocab_size):.2f}",
        "entropy_max": f"{math.log2(config.vocab_size):.1f}",
        "tying": "the output has no table of its own."
        if config.is_tied
        else "this model has a table of its own for the output.",
    }


def _attention_numbers(trace: Trace) -> dict[str, str]:
    chosen = session.selection()
    block, head = trace.blocks[chosen.block], chosen.head
    query, key = chosen.query, min(chosen.token, chosen.query)
    rows = trace.tok_embed[[query, key]].astype(np.float64)
    cosine = rows[0] @ rows[1] / np.prod(np.linalg.norm(rows, axis=1))
    return {
        "block": f"{chosen.block + 1}",
        "head": f"{head + 1}",
        "query": _label(trace, query),
        "key": _label(trace, key),
        "weight": percent(float(block.pattern[head, query, key])),
        "score": signed(block.scores[head, query, key], digits=3),
        "dot": signed(block.q[head, query].astype(np.float64) @ block.k[head, key], digits=3),
        "q0": signed(block.q[head, query, 0], digits=3),
        "k0": signed(block.k[head, key, 0], digits=3),
        "v0": signed(block.v[head, key, 0], digits=3),
        "cosine": signed(cosine, digits=3),
    }


def _stream(trace: Trace) -> dict[str, str]:
    block = trace.blocks[session.selection().block]
    farthest = int(np.abs(block.mlp_pre[-1]).argmax())
    start = (trace.tok_embed + trace.pos_embed)[-1]
    return {
        "gelu_in": signed(block.mlp_pre[-1, farthest], digits=3),
        "gelu_out": signed(block.mlp_post[-1, farthest], digits=3),
        "mean": signed(trace.ln_f.mean[-1], digits=3),
        "std": signed(trace.ln_f.std[-1], digits=3),
        "length_in": f"{np.linalg.norm(start):.2f}",
        # The final norm keeps mean and deviation of what it was handed: length² = d·(σ² + μ²).
        "length_out": f"{_length(trace):.2f}",
    }


def _length(trace: Trace) -> float:
    var, mean = float(trace.ln_f.var[-1]), float(trace.ln_f.mean[-1])
    return math.sqrt(trace.config.d_model * (var + mean * mean))


def _output(trace: Trace) -> dict[str, str]:
    logits = trace.logits[-1]
    probs = np.sort(distribution(logits, SamplingSettings()).probs)[::-1]
    shares = {
        name: float(distribution(logits, SamplingSettings(temperature=heat)).probs.max())
        for name, heat in (("cold", 0.5), ("hot", 2.0))
    }
    found = surprise(trace.logits, trace.tokens.ids)
    loss = found.mean_loss if found.losses.size else None
    return {
        "top": as_text(session.cutter().label(int(logits.argmax()))),
        "top_percent": percent(float(probs[0])),
        "top_logit": signed(logits.max(), digits=3),
        "mean_logit": signed(logits.mean(), digits=3),
        "entropy": f"{-(probs[probs > 0] * np.log2(probs[probs > 0])).sum():.2f}",
        "top_ten": percent(float(probs[:10].sum())),
        "ninety": f"{int(np.searchsorted(probs.cumsum(), 0.9)) + 1:,}",
        "min_p": f"{int((probs >= probs[0] / 10).sum()):,}",
        "loss": "no" if loss is None else f"{loss:.2f}",
        "loss_bits": "no" if loss is None else f"{loss / math.log(2):.2f}",
        "perplexity": "No token has a known successor, so there is none"
        if loss is None
        else f"{found.perplexity:,.1f}",
        **{name: percent(share) for name, share in shares.items()},
    }


def _label(trace: Trace, position: int) -> str:
    return as_text(session.cutter().label(trace.tokens.ids[position]))
