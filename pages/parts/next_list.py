"""A short list of the likeliest next tokens, for pages that compare two passes."""

import numpy as np

from model.arithmetic import probability
from model.sampling import SamplingSettings, distribution
from model.trace import Array, Trace
from pages.components.ranking import RankedToken, ranking
from pages.parts import session
from pages.parts.byhand import by_hand
from pages.parts.numbers import percent
from pages.parts.opened import open_panel, opened_index

SHOWN = 6


def next_probabilities(trace: Trace) -> Array:
    """Return `(vocab_size,)`: the probability of each token after the last one."""
    return distribution(trace.logits[-1], SamplingSettings()).probs.astype(np.float32)


def next_tokens(key: str, trace: Trace, *, title: str = "", count: int = SHOWN) -> None:
    """Draw the likeliest tokens after the last one; a press on one works its probability out.

    Args:
        key: Names the element and what is remembered of it.
        trace: Of a pass by the chosen model.
        title: Stands below; where the list is from, if none.
        count: How many.
    """
    cutter, probs = session.cutter(), next_probabilities(trace)
    best = np.argsort(-probs, kind="stable")[:count]
    label = cutter.label(trace.tokens.ids[-1])
    ranking(
        key=key,
        title=f"Likeliest next tokens after {label}",
        unit="probability",
        rows=[
            RankedToken(int(i), cutter.label(int(i)), float(probs[i]), percent(float(probs[i])))
            for i in best
        ],
        axis=(0.0, 1.0),
        ticks=((0.0, "0"), (0.5, "50 %"), (1.0, "100 %")),
        note=title or f"After {label}, position {len(trace.tokens) - 1}.",
        action="Work this number out by hand",
        on_token_change=lambda: open_panel(key, int(session.element_state(key, "token"))),
    )
    pressed = opened_index(key, len(probs))
    if pressed is not None:
        found = probability(
            distribution(trace.logits[-1], SamplingSettings()),
            temperature=1.0,
            token_id=pressed,
            label=cutter.label,
        )
        by_hand(found.term, model_value=found.model_value, key=f"{key}-by-hand")
