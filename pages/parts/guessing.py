"""Predict before reveal: the visitor names the next token and how sure they are, then it is drawn.

Scored in bits, as Shannon did (1951, "Prediction and Entropy of Printed English"): −log2 of the
probability that was given to the token that came. Fewer bits are better.
"""

import math
from dataclasses import dataclass

import streamlit as st

from model.sampling import distribution
from pages.components.percent import bits, count, percent
from pages.parts import generating, next_token, session
from pages.parts.next_token import Moment

_GAME = "guessing"
_SWITCH = "guess-first"
_SIGNS = str.maketrans({"␣": " ", "⏎": "\n", "⇥": "\t"})


@dataclass(frozen=True)
class Round:
    """Hold one guess and what came.

    Args:
        guess: The guessed token.
        sure: The probability the visitor gave it, 0 to 1.
        came: The token that was drawn.
        yours: The visitor's score, bits.
        models: The model's score, bits.
    """

    guess: int
    sure: float
    came: int
    yours: float
    models: float


@dataclass(frozen=True)
class Game:
    """Hold where the bars no longer wait for a guess, and the rounds so far."""

    revealed: str = ""
    rounds: tuple[Round, ...] = ()


def visitor_bits(sure: float, vocab_size: int, *, is_right: bool) -> float:
    """Score a guess: what is not put on it is spread evenly over all other tokens."""
    return bits(sure) if is_right else bits((1 - sure) / (vocab_size - 1))


def guessed_token(typed: str, before: str) -> int | None:
    """Return the first token of what was typed, as it would follow the text `before`.

    A word after a word gets its space, as it would have in a text; ␣ writes one by hand.
    """
    written = typed.translate(_SIGNS)
    if not written:
        return None
    is_word = written[0].isalnum() and bool(before) and not before[-1].isspace()
    cut = session.cutter().encode(f" {written}" if is_word else written)
    return cut.ids[0]


def game() -> Game:
    """Return the visitor's game."""
    return session.kept(_GAME, Game())


def is_on() -> bool:
    """Say whether the visitor, or the link, wants the bars to wait for a guess."""
    return bool(session.widget(_SWITCH, False))


def is_hidden(looked: Moment) -> bool:
    """Say whether the bars of this position wait for a guess."""
    is_open = looked.came is not None or looked.is_running or looked.at == game().revealed
    return is_on() and not is_open and generating.room() > 0


def switch() -> None:
    """Draw the switch that makes the bars wait."""
    st.toggle(
        "Guess first",
        key=_SWITCH,
        on_change=_switch,
        bind="query-params",
        help="Hides the bars until you have named the next token. Scored in bits against the "
        "model.",
    )


def _switch() -> None:
    session.keep(_GAME, Game("", game().rounds))


def question(looked: Moment) -> None:
    """Ask for a token and how sure the visitor is."""
    st.markdown("The bars wait. Which token comes next?")
    typed = st.text_input(
        "Your guess", key="guess", max_chars=40, placeholder="a word, or a part of one"
    )
    guess = guessed_token(typed, session.text())
    sure = st.slider(
        "How sure are you, in percent?", min_value=1, max_value=99, value=30, key="guess-sure"
    )
    if guess is not None:
        label = session.cutter().label(guess)
        st.text(f"Your guess is the token {label}, id {guess}.")
    st.button(
        "Draw and reveal",
        type="primary",
        disabled=guess is None,
        on_click=_reveal,
        args=(guess, sure / 100, looked.at),
        key="guess-reveal",
    )
    size = session.config().vocab_size
    st.caption(
        f"You put {sure} % on your token; the other {100 - sure} % is spread evenly over the other "
        f"{count(size - 1)}. An even guess over all {count(size)} costs {math.log2(size):.2f} bits."
    )


def _reveal(guess: int, sure: float, at: str) -> None:
    query, size = len(session.tokens()) - 1, session.config().vocab_size
    probs = distribution(session.trace().logits[-1], next_token.settings()).probs
    generating.draw_one()
    came = generating.text_ids()[-1]
    yours = visitor_bits(sure, size, is_right=came == guess)
    now = game()
    played = Round(guess, sure, came, yours, bits(float(probs[came])))
    session.keep(_GAME, Game(at, (*now.rounds, played)))
    session.select(query=query)
    generating.ask_for_rerun()


def verdict(looked: Moment) -> None:
    """Say how the last guess did, and how all of them did so far."""
    now = game()
    if not is_on() or not now.rounds or looked.at != now.revealed:
        return
    last, label = now.rounds[-1], session.cutter().label
    outcome = "You were right" if last.guess == last.came else "It was another token"
    sure = percent(last.sure, digits=0)
    st.text(
        f"{outcome}: {label(last.came)} came, you said {label(last.guess)} at {sure}. "
        f"That costs you {last.yours:.2f} bits and the model {last.models:.2f} "
        f"(it gave {percent(2**-last.models, is_exact=last.models == 0)})."
    )
    n_rounds = len(now.rounds)
    yours = sum(played.yours for played in now.rounds) / n_rounds
    models = sum(played.models for played in now.rounds) / n_rounds
    rounds = "1 guess" if n_rounds == 1 else f"{n_rounds} guesses"
    st.caption(
        f"Over {rounds}: you {yours:.2f} bits a token, the model {models:.2f}; fewer is better. "
        "The token is drawn from the model's own bars, so on average nobody can beat it: the gap "
        "is what its bars hold and yours do not."
    )
    st.button("Next guess", on_click=_next, key="guess-next", type="primary")


def _next() -> None:
    session.select(query=session.LAST)
    session.set_widget("guess", "")
    generating.ask_for_rerun()
