"""The Python face of the next-token bars: which rows stand there, and every word in them.

All numbers and their texts are made here, from `model.sampling`'s stages; `assets/components/bars/`
draws them. No screen text is worked out twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from model.sampling import Distribution, bar, softmax
from pages.components.element import element, ignore
from pages.components.percent import count, percent, tokens

Floats = NDArray[np.float64]

FIRST_ROWS = 12
MORE_ROWS = 20
MOST_ROWS = 232
MOST_FOUND = 6
MOST_SEARCHED = 40
MOST_STRETCHES = 60
TAKE = "Take the road with"
_SIGNS = {"␣": " ", "⏎": "\n", "⇥": "\t"}


class Labels(Protocol):
    """Tell what a token is called: `model.tokenizer.Tokenizer` does."""

    vocab_size: int

    def label(self, token_id: int) -> str:
        """Return a text that no other token shares."""
        ...

    def piece(self, token_id: int) -> bytes:
        """Return the token's bytes."""
        ...


@dataclass(frozen=True)
class Marks:
    """Say what is known about one position beyond its distribution.

    Args:
        came: The token that followed in the text, if one did.
        u: The random number that picked it, if it was drawn.
        counts: How often each id came in repeated draws, by id; empty where none were made.
        n_draws: How many draws `counts` is of.
    """

    came: int | None = None
    u: float | None = None
    counts: Mapping[int, int] | None = None
    n_draws: int = 0


class Row(TypedDict):
    """Describe one token's row, ready to be drawn."""

    id: int
    label: str
    rank: str
    probability: float
    original: float
    text: str
    original_text: str
    removed: str
    mark: str
    count: float | None
    count_text: str


class Stretch(TypedDict):
    """Describe one token's part of the cumulative bar, from `start` to `end` in 0 to 1."""

    label: str
    start: float
    end: float
    text: str
    is_picked: bool
    is_rest: bool


class Ranking:
    """Order one position's tokens from the likeliest down, equal ones by id.

    Args:
        found: The stages of one position's distribution.
    """

    def __init__(self, found: Distribution) -> None:
        self.found = found
        self.original = softmax(found.logits)
        self.order = np.argsort(-np.asarray(found.logits), kind="stable")
        self.rank = np.empty_like(self.order)
        self.rank[self.order] = np.arange(1, len(self.order) + 1)
        self.n_kept = int(found.after_min_p.count)

    def top(self, n_rows: int) -> list[int]:
        """Return the ids of the likeliest tokens."""
        return [int(token_id) for token_id in self.order[:n_rows]]

    def removed_by(self, token_id: int) -> str:
        """Return the name of the stage that took this token out, or nothing."""
        found = self.found
        if found.scaled[token_id] == -np.inf and found.logits[token_id] > -np.inf:
            return "temperature 0"
        stages = (
            ("top-k", found.after_top_k),
            ("top-p", found.after_top_p),
            ("min-p", found.after_min_p),
        )
        return next((name for name, stage in stages if not stage.kept[token_id]), "")

    def probability_text(self, token_id: int) -> str:
        """Write a token's share after all stages; 0 and 100 only where they are exact."""
        is_kept = bool(self.found.kept[token_id])
        is_exact = not is_kept or self.n_kept == 1
        return percent(float(self.found.probs[token_id]), is_exact=is_exact)


def token_rows(
    ranking: Ranking, ids: Sequence[int], labels: Labels, marks: Marks | None = None
) -> list[Row]:
    """Describe the rows of these tokens."""
    return [_row(ranking, int(token_id), labels, marks or Marks()) for token_id in ids]


def _row(ranking: Ranking, token_id: int, labels: Labels, marks: Marks) -> Row:
    times = None if marks.counts is None else marks.counts.get(token_id, 0)
    came = "drawn" if marks.u is not None else "in your text"
    return {
        "id": token_id,
        "label": labels.label(token_id),
        "rank": count(int(ranking.rank[token_id])),
        "probability": float(ranking.found.probs[token_id]),
        "original": float(ranking.original[token_id]),
        "text": ranking.probability_text(token_id),
        "original_text": percent(float(ranking.original[token_id])),
        "removed": ranking.removed_by(token_id),
        "mark": came if token_id == marks.came else "",
        "count": None if times is None else times / max(marks.n_draws, 1),
        "count_text": "" if times is None else count(times),
    }


def rest_text(ranking: Ranking, ids: Sequence[int], *, is_plain: bool = False) -> str:
    """Sum up all tokens that have no row: how many, and their share now and originally.

    Args:
        ranking: All tokens.
        ids: Those with a row.
        is_plain: Whether now and originally are the same, so that one is enough.
    """
    n_rest = len(ranking.order) - len(ids)
    if n_rest <= 0:
        return ""
    is_rest = np.ones(len(ranking.order), dtype=bool)
    is_rest[list(ids)] = False
    n_kept = int(np.count_nonzero(ranking.found.kept & is_rest))
    share = percent(float(ranking.found.probs[is_rest].sum()), is_exact=n_kept == 0)
    before = percent(float(ranking.original[is_rest].sum()))
    left = "all removed" if n_kept == 0 else f"{count(n_kept)} of them kept"
    kept = "" if n_kept == n_rest else f", {left}"
    other = "other token" if n_rest == 1 else "other tokens"
    if is_plain:
        return f"{count(n_rest)} {other}: {share}"
    return f"{count(n_rest)} {other}: {share} (originally {before}{kept})"


def cut_text(ranking: Ranking) -> str:
    """Say how many tokens the filters kept, and what share those had before; nothing at no cut."""
    n_kept, n_all = ranking.n_kept, len(ranking.order)
    if n_kept == n_all:
        return f"All {tokens(n_all)} can be drawn: nothing is filtered out."
    if ranking.found.scaled[ranking.order[-1]] == -np.inf:
        return f"Temperature 0 keeps 1 of {tokens(n_all)}: the likeliest."
    mass = percent(ranking.found.after_min_p.mass)
    kept = f"Kept: {count(n_kept)} of {tokens(n_all)}"
    return f"{kept}, with {mass} of the probability at this temperature."


def searched(query: str, ranking: Ranking, labels: Labels) -> list[int]:
    """Return the ids that a search means: an id by number, exact pieces, then pieces holding it.

    The visible signs ␣ ⏎ ⇥ stand for the white space they show. Within each kind the likeliest
    come first.
    """
    text = "".join(_SIGNS.get(character, character) for character in query)
    if not text:
        return []
    wanted = text.encode("utf-8", "replace")
    number = text.strip().lstrip("#")
    by_number = [int(number)] if number.isascii() and number.isdigit() else []
    ids = [token_id for token_id in by_number if token_id < labels.vocab_size]
    pieces = ((int(token_id), labels.piece(int(token_id))) for token_id in ranking.order)
    holding = [(token_id, piece) for token_id, piece in pieces if wanted in piece]
    exact = [token_id for token_id, piece in holding if piece.strip() == wanted.strip()]
    rest = [token_id for token_id, piece in holding if piece.strip() != wanted.strip()]
    return list(dict.fromkeys([*ids, *exact, *rest]))[:MOST_FOUND]


def stretches(ranking: Ranking, labels: Labels, u: float | None) -> list[Stretch]:
    """Lay the tokens that can be drawn end to end; the many small ones at the end share a part."""
    ids, ends = bar(ranking.found.probs)
    total = float(ends[-1])
    picked = -1 if u is None else min(int(np.searchsorted(ends, u, side="right")), len(ids) - 1)
    parts = [
        _stretch(labels.label(int(ids[i])), float(ends[i - 1]) if i else 0.0, float(ends[i]))
        for i in range(min(MOST_STRETCHES, len(ids)))
    ]
    if picked >= len(parts):
        parts.append(_rest(parts[-1]["end"], float(ends[picked - 1])))
        label = labels.label(int(ids[picked]))
        parts.append(_stretch(label, parts[-1]["end"], float(ends[picked])))
        parts[-1]["is_picked"] = True
    elif picked >= 0:
        parts[picked]["is_picked"] = True
    if parts[-1]["end"] < total:
        parts.append(_rest(parts[-1]["end"], total))
    return [part for part in parts if part["end"] > part["start"] or part["is_picked"]]


def _stretch(label: str, start: float, end: float) -> Stretch:
    text = f"{label}  {start:.4f} to {end:.4f}"
    return {
        "label": label,
        "start": start,
        "end": end,
        "text": text,
        "is_picked": False,
        "is_rest": False,
    }


def _rest(start: float, end: float) -> Stretch:
    part = _stretch("…", start, end)
    part["is_rest"] = True
    return part


def u_text(parts: Sequence[Stretch], u: float | None, came: str | None = None) -> str:
    """Say in words where the random number fell.

    Args:
        parts: The bar with these settings.
        u: The number.
        came: What the number picked when it was drawn; other settings may now pick another.
    """
    picked = next((part for part in parts if part["is_picked"]), None)
    if u is None or picked is None:
        return ""
    start, end = picked["start"], picked["end"]
    place = f"u = {u:.6f} falls between {start:.6f} and {end:.6f}, the stretch of {picked['label']}"
    if came is None or came == picked["label"]:
        return place
    return f"{place}; with the settings of its draw the same number picked {came}"


class BarState(NamedTuple):
    """Say how many rows are shown, and which text is searched for."""

    n_rows: int = FIRST_ROWS
    query: str = ""


def next_token_bars(
    ranking: Ranking,
    labels: Labels,
    *,
    key: str,
    at: str,
    title: str = "Next token",
    state: BarState,
    marks: Marks | None = None,
    can_choose: bool = True,
    is_plain: bool = False,
    action: str = TAKE,
    on_chosen: Callable[[], None] = ignore,
    on_state: Callable[[], None] = ignore,
) -> None:
    """Draw one position's bars; a row that is pressed sends `chosen` (see `chosen_id`).

    Args:
        ranking: The position's tokens in order, with every stage.
        labels: What the tokens are called.
        key: The element's key.
        at: A name for the text and position, which a click hands back.
        title: Stands on the saved picture.
        state: How many rows, and what is searched for.
        marks: What came, the number that picked it, counts of draws.
        can_choose: Whether a row can be pressed.
        is_plain: Whether no setting can have changed a probability: nothing is said of settings.
        action: What that does; the token's name follows.
        on_chosen: Called, before the run, when one is.
        on_state: Called when more rows are wanted, or another text is searched for.
    """
    data = _bars_data(ranking, labels, marks or Marks(), state, is_plain=is_plain)
    element("bars", "saving")(
        key=key,
        data=data | {"at": at, "title": title, "can_choose": can_choose, "action": action},
        on_chosen_change=on_chosen,
        on_search_change=on_state,
        on_shown_change=on_state,
    )


def chosen_id(sent: object, at: str, labels: Labels) -> int | None:
    """Return the id of the row that was taken; None where other bars than `at` were meant."""
    if not isinstance(sent, Mapping) or sent.get("at") != at:
        return None
    token_id = sent.get("id")
    is_id = isinstance(token_id, int) and 0 <= token_id < labels.vocab_size
    return token_id if is_id else None


def bar_state(shown: object, search: object) -> BarState:
    """Read what the element sent, brought within bounds."""
    n_rows = shown if isinstance(shown, int) else FIRST_ROWS
    text = search if isinstance(search, str) else ""
    return BarState(min(max(n_rows, FIRST_ROWS), MOST_ROWS), text[:MOST_SEARCHED])


def _bars_data(
    ranking: Ranking, labels: Labels, marks: Marks, state: BarState, *, is_plain: bool
) -> dict[str, Any]:
    n_shown, query = state.n_rows, state.query
    ids = ranking.top(n_shown)
    came = [marks.came] if marks.came is not None and marks.came not in ids else []
    rows = token_rows(ranking, [*ids, *came], labels, marks)
    parts = stretches(ranking, labels, marks.u)
    return {
        "rows": rows,
        "n_in_order": len(ids),
        "n_kept": ranking.n_kept,
        "is_plain": is_plain,
        "cut": "" if is_plain else cut_text(ranking),
        "rest": rest_text(ranking, [*ids, *came], is_plain=is_plain),
        "scale": _scale(rows),
        "draws": f"{count(marks.n_draws)} draws" if marks.counts is not None else "",
        "next_shown": min(n_shown + MORE_ROWS, MOST_ROWS, len(ranking.order)),
        "query": query,
        "found": token_rows(ranking, searched(query, ranking, labels), labels, marks),
        "stretches": parts,
        "u": marks.u,
        "u_text": u_text(parts, marks.u, None if marks.came is None else labels.label(marks.came)),
    }


def _scale(rows: Sequence[Row]) -> float:
    """Return the probability at the right end of every bar: the largest shown, rounded up."""
    largest = max(max(row["probability"], row["original"]) for row in rows)
    steps = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
    return next((step for step in steps if step >= largest), 1.0)
