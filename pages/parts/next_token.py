"""What is shown of one position: its logits, what came after it, and how it was picked."""

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.sampling import Distribution, SamplingSettings, distribution
from model.surprise import Surprise, surprise
from model.tokenizer import Tokens
from pages.components.bars import Marks, Ranking
from pages.components.passage import Kind, Piece
from pages.components.roads import Stop
from pages.components.sampling import held_settings, settings_from
from pages.parts import generating, session
from pages.parts.derived import derived
from pages.parts.generating import Running
from pages.parts.roads import Roads, Step

BARS, CONTROLS, PASSAGE, COLUMNS, ROADS = "bars", "controls", "passage", "columns", "roads"


@dataclass(frozen=True, eq=False)
class Moment:
    """Hold one position's prediction.

    Args:
        position: Of the token that is predicted, in what the model reads.
        logits: `(vocab_size,)`, read from the tokens before it.
        came: The token that followed, if one did.
        u: The number that picked it, if it was drawn.
        at: A name for this text and position.
        is_running: Whether a generation is under way.
    """

    position: int
    logits: NDArray[np.floating]
    came: int | None
    u: float | None
    at: str
    is_running: bool = False

    @property
    def marks(self) -> Marks:
        """What the bars mark."""
        return Marks(self.came, self.u)


@dataclass(frozen=True, eq=False)
class View:
    """Hold what the panels draw in one run.

    Args:
        looked: The position that is looked at.
        settings: Temperature and filters, those under the visitor's hand included.
        ranking: The position's tokens in order, with every stage.
        running: The generation under way, if there is one.
    """

    looked: Moment
    settings: SamplingSettings
    ranking: Ranking
    running: Running | None

    @property
    def found(self) -> Distribution:
        """The stages of the distribution."""
        return self.ranking.found


def view(running: Running | None) -> View:
    """Work out, once a run, what the panels draw."""
    looked, chosen = moment(running), settings()
    return View(looked, chosen, Ranking(distribution(looked.logits, chosen)), running)


def moment(running: Running | None) -> Moment:
    """Return what is looked at: the last draw of a running generation, else the chosen position."""
    if running is not None and running.last is not None:
        step, n_tokens = running.last, len(session.tokens()) + len(running.losses)
        return Moment(n_tokens - 1, step.logits, step.id, step.u, "running", is_running=True)
    tokens, query = session.tokens(), session.selection().query
    is_known = query + 1 < len(tokens)
    step = generating.joined().get(query + 1)
    return Moment(
        query + 1,
        session.trace().logits[query],
        tokens.ids[query + 1] if is_known else None,
        step.u if step else None,
        _name(tokens, query),
        is_running=running is not None,
    )


def _name(tokens: Tokens, query: int) -> str:
    ids = np.array(tokens.ids[: query + 1], np.int32).tobytes()
    return f"{query} {zlib.crc32(ids)} {session.known_model().id}"


def text_surprise() -> Surprise:
    """Return the losses of the text the model reads, worked out once for each trace."""
    trace = session.trace()
    return derived(trace, "surprise", lambda: surprise(trace.logits, trace.tokens.ids))


def pieces(running: Running | None) -> list[Piece]:
    """Return the text's tokens with their surprise, those of a running generation included."""
    cutter, ids = session.cutter(), session.tokens().ids
    bits = [None, *text_surprise().bits.tolist()]
    kinds = _kinds(len(ids))
    found = [Piece(cutter.label(i), k, b) for i, k, b in zip(ids, kinds, bits, strict=True)]
    if running is not None:
        drawn = running.roads.ids()[-len(running.losses) :] if running.losses else ()
        losses = np.array(running.losses) / np.log(2)
        found += [
            Piece(cutter.label(i), "drawn", b) for i, b in zip(drawn, losses.tolist(), strict=True)
        ]
    return found


def _kinds(n_tokens: int) -> list[Kind]:
    steps = generating.joined()
    kinds: list[Kind] = [_kind(steps.get(position)) for position in range(n_tokens)]
    if generating.n_in_front() and len(session.all_tokens()) == n_tokens:
        kinds[0] = "start"
    return kinds


def _kind(step: Step | None) -> Kind:
    if step is None or step.share is None:
        return "prompt"
    return "chosen" if step.u is None else "drawn"


def settings() -> SamplingSettings:
    """Return the settings under the visitor's hand, else the chosen ones."""
    sent = session.element_state(CONTROLS, "values")
    return held_settings(sent, session.config().vocab_size) or session.sampling_settings()


def take_settings() -> None:
    """Keep the settings that a released control chose. A callback."""
    sent = session.element_state(CONTROLS, "values")
    size = session.config().vocab_size
    chosen = settings_from(sent, size)
    if chosen is not None and held_settings(sent, size) is None:
        use(chosen)


def use(chosen: SamplingSettings) -> None:
    """Sample with these settings from now on. A callback."""
    session.select(
        temperature=chosen.temperature,
        top_k=chosen.top_k,
        top_p=chosen.top_p,
        min_p=chosen.min_p,
    )
    generating.ask_for_rerun(after_drawing=True)


def stops(tree: Roads) -> list[list[Stop]]:
    """Describe every road of the tree from the prompt to its end."""
    here, before, found = set(tree.path()), set(), []
    for end in tree.ends():
        path = tree.path(end)
        steps = zip(path, tree.steps(end), strict=True)
        found.append([_stop(node, step, node in before, node in here) for node, step in steps])
        before = set(path)
    return found


def _stop(node: int, step: Step, is_shared: bool, is_here: bool) -> Stop:
    label = session.cutter().label(step.id)
    return Stop(node, label, step.share, step.u is not None, is_shared, is_here)
