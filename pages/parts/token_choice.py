"""Which token's logit is explained: the likeliest next one, or any that the visitor chose."""

from typing import cast

from model.sampling import SamplingSettings, distribution
from model.trace import Array
from pages.components.bars import Ranking, searched
from pages.components.chooser import TokenOption, token_chooser
from pages.parts import session
from pages.parts.numbers import percent

_AT_HAND = 5


def explained_token(logits: Array) -> int:
    """Return the id of the chosen token; of the likeliest where none is chosen."""
    chosen = session.choice("explain", len(logits))
    return int(logits.argmax()) if chosen is None else chosen


def token_choice(logits: Array, *, key: str) -> int:
    """Draw the likeliest tokens and a search for any other; return the id that is chosen."""
    ranking, cutter = Ranking(distribution(logits, SamplingSettings())), session.cutter()
    query = str(session.element_state(key, "query") or "")[:40]
    best, chosen = ranking.top(_AT_HAND), explained_token(logits)
    at_hand = best if chosen in best else [*best, chosen]

    def option(token_id: int) -> TokenOption:
        share = percent(float(ranking.original[token_id]))
        return TokenOption(token_id, cutter.label(token_id), share)

    token_chooser(
        [option(token_id) for token_id in at_hand],
        [option(token_id) for token_id in searched(query, ranking, cutter)],
        key=key,
        title="Next token to explain",
        query=query,
        chosen=chosen,
        on_chosen=lambda: _choose(key, best[0]),
    )
    return chosen


def _choose(key: str, likeliest: int) -> None:
    """Take over the token that was pressed; the likeliest stays the likeliest of any text."""
    sent = session.element_state(key, "chosen")
    if isinstance(sent, int):
        session.select(explain=session.OPEN if sent == likeliest else cast("int", sent))
