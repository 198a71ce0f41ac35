"""How the text grows: drawn or chosen tokens, many in a row, undone, on several roads.

Every change of the text goes through the tree of `pages.parts.roads`, whose exact ids the session
keeps beside the text. Functions that change something are meant for callbacks, but for `tick`.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from model.sampling import Distribution, SamplingStep, bar, distribution, random_numbers, sample
from model.surprise import loss
from pages.parts import session
from pages.parts.roads import Roads, Step, following

_ROADS = "roads"
_RUNNING = "running"
_RERUN = "output rerun"
HIGHEST_SEED = 9999
_State = tuple[str, tuple[int, ...]]
_LONGEST_SKIP_SECONDS = 20.0


@dataclass
class Running:
    """Hold a generation of many tokens that has not ended.

    Args:
        steps: The iterator the tokens come from.
        roads: Where the text is, the tokens drawn so far included.
        n_left: How many are still wanted.
        started: The model and the text's ids when it began.
        losses: −ln of each drawn token's probability as the model gave it, nats.
        last: The last draw.
        is_stopped: Whether nothing more is to be drawn.
        lock: Held for each draw: Streamlit may begin a new run while the old one still draws.
    """

    steps: Iterator[SamplingStep]
    roads: Roads
    n_left: int
    started: _State
    losses: list[float] = field(default_factory=list)
    last: SamplingStep | None = None
    is_stopped: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


def text_ids() -> tuple[int, ...]:
    """Return the text's ids, all of them, without the start token."""
    ids = session.all_tokens().ids
    return ids[n_in_front() :]


def n_in_front() -> int:
    """Return how many tokens stand before the text: 1 where there is a start token, else 0."""
    is_empty = not session.text() and not session.exact_ids()
    return int(session.has_start() or is_empty)


def _state() -> _State:
    return session.known_model().id, text_ids()


def roads() -> Roads:
    """Return the tree of roads of this model, with the text as it is now."""
    model_id, known = session.kept(_ROADS, ("", None))
    found = following(known if model_id == session.known_model().id else None, text_ids())
    _keep(found)
    return found


def _keep(tree: Roads) -> None:
    session.keep(_ROADS, (session.known_model().id, tree))


def room() -> int:
    """Return how many tokens the context still takes."""
    return max(0, session.config().block_size - len(session.all_tokens()))


def is_ended() -> bool:
    """Say whether the text ends with a drawn or chosen `<|endoftext|>`."""
    ids = text_ids()
    return bool(ids) and ids[-1] == session.cutter().end_of_text_id


def draw_one() -> None:
    """Draw the next token with the seed's number for its position; it joins the text."""
    if not room():
        return
    position = len(session.all_tokens())
    numbers = random_numbers(session.seed(), position)
    step = sample(session.trace().logits[-1], session.sampling_settings(), numbers)
    _join(roads(), Step(step.id, float(step.probs[step.id]), step.u))


def choose(token_id: int, query: int) -> None:
    """Take a token by hand after position `query` of what the model reads: another road."""
    n_read, n_all = len(session.tokens()), len(session.all_tokens())
    n_kept = n_all - n_read + query + 1 - n_in_front()
    if query == n_read - 1 and not room():
        return
    found = distribution(session.trace().logits[query], session.sampling_settings())
    _join(roads().cut_to(max(n_kept, 0)), Step(token_id, float(found.probs[token_id])))


def undo() -> None:
    """Take the last joined token back; the road stays known."""
    _show(roads().back())


def undo_all() -> None:
    """Go back to the prompt; all roads stay known."""
    _show(roads().go(0))


def go(node: int) -> None:
    """Go to any node of the tree."""
    known = roads()
    if 0 <= node <= len(known.nodes):
        _show(known.go(node))


def new_seed() -> None:
    """Choose another seed by chance."""
    session.select(seed=int(np.random.default_rng().integers(1, HIGHEST_SEED + 1)))


def _join(before: Roads, step: Step) -> None:
    _show(before.take(step))


def _show(after: Roads) -> None:
    _keep(after)
    session.set_text(session.cutter().decode(after.ids()), after.ids())
    session.select(query=session.LAST)


# Many tokens in a row


def running() -> Running | None:
    """Return the generation that is under way on this very text, if one is."""
    found: Running | None = session.kept(_RUNNING)
    if found is not None and found.started != _state():
        session.keep(_RUNNING, None)
        return None
    return found


def start(n_tokens: int) -> None:
    """Begin to draw many tokens; `tick` goes on with it."""
    wanted = min(n_tokens, room())
    if wanted <= 0:
        return
    now = roads()
    session.keep(
        _RUNNING,
        Running(draws_from(session.model()), now, wanted, started=_state()),
    )
    session.select(query=session.LAST)


def draws_from(model: Any, *, use_cache: bool = True) -> Iterator[SamplingStep]:
    """Return the tokens that would be drawn from here on, by `model` or what stands in for it."""
    from model.generation import generate

    ids = session.all_tokens().ids
    numbers = random_numbers(session.seed(), len(ids))
    return generate(model, ids, session.sampling_settings(), numbers, use_cache=use_cache)


def tick(n_tokens: int, seconds: float) -> Running | None:
    """Draw at most `n_tokens` for at most `seconds`; return the state, None once it has ended.

    At the end the text takes the tokens over in the next run of the whole page.
    """
    now = running()
    if now is None:
        return None
    _draw_some(now, n_tokens, seconds)
    if now.n_left:
        return now
    # Streamlit may break a run off wherever it touches the session. What says that the drawing is
    # over comes last: until then the next tick does it all again, and no token is lost.
    _keep(now.roads)
    ids = now.roads.ids()
    session.set_text_next_run(session.cutter().decode(ids), ids)
    ask_for_rerun()
    session.keep(_RUNNING, None)
    return None


def _draw_some(now: Running, n_tokens: int, seconds: float) -> None:
    until = time.monotonic() + seconds
    for _ in range(n_tokens):
        if not now.n_left or time.monotonic() > until:
            return
        with now.lock:
            if now.is_stopped:
                return
            _advance(now, next(now.steps, None))


def _advance(now: Running, step: SamplingStep | None) -> None:
    if step is None:
        now.n_left = 0
        return
    now.roads = now.roads.take(Step(step.id, float(step.probs[step.id]), step.u))
    now.losses.append(loss(step.logits, step.id))
    now.last = step
    now.n_left -= 1
    if step.id == session.cutter().end_of_text_id:
        now.n_left = 0


def stop() -> None:
    """End the generation; what was drawn so far joins the text."""
    now = running()
    if now is not None:
        with now.lock:
            now.is_stopped = True
        _show(now.roads)
        session.keep(_RUNNING, None)


def end_elsewhere() -> None:
    """End the generation because its page was left: what was drawn so far joins the text.

    Before the run draws anything.
    """
    if session.kept(_RUNNING) is not None:
        stop()


def skip() -> None:
    """Draw all tokens that are still wanted at once."""
    now = running()
    if now is not None:
        _draw_some(now, now.n_left, _LONGEST_SKIP_SECONDS)
        stop()


def ask_for_rerun(*, after_drawing: bool = False) -> None:
    """Ask the fragment that runs next to run the whole page.

    Args:
        after_drawing: Once it has drawn itself anew: only what stands around it is late.
    """
    session.keep(_RERUN, "after" if after_drawing else "before")


def is_rerun_due(*, after_drawing: bool = False) -> bool:
    """Say, once, whether the whole page has to run."""
    is_due = session.kept(_RERUN) == ("after" if after_drawing else "before")
    if is_due:
        session.keep(_RERUN, None)
    return is_due


# What is known of one position


def joined() -> dict[int, Step]:
    """Return how the tokens after the prompt joined, by position in what the model reads."""
    steps = roads().steps()
    first = len(session.tokens()) - len(steps)
    return {first + index: step for index, step in enumerate(steps) if first + index >= 0}


def draws(found: Distribution, seed: int, n_draws: int) -> dict[int, int]:
    """Draw the next token `n_draws` times from one distribution; return how often each id came."""
    ids, ends = bar(found.probs)
    numbers = np.random.default_rng([seed, n_draws]).random(n_draws)
    places = np.minimum(np.searchsorted(ends, numbers, side="right"), len(ids) - 1)
    drawn, counts = np.unique(ids[places], return_counts=True)
    return dict(zip(drawn.tolist(), counts.tolist(), strict=True))
