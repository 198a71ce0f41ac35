"""Texts that we can make without end, and whose true entropy we know.

No model can go below a text's entropy for long: it is drawn as the floor under the loss. Each task
is a stream of lines that are drawn one by one, each line from a known number of equally likely
ones. A line can be read in one way only, so its entropy is the logarithm of that number, and the
stream's entropy for each character is a line's entropy over a line's mean length, both with the
line's end: 1.0 nat is as uncertain as a choice among 2.72.

A window that begins within a line holds less than the stream knows, so a model's loss ends a
little above the floor.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Line = Callable[[np.random.Generator], str]

LETTERS = "abcdefgh"
LINE_LETTERS = 8
LARGEST = 99
CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
ENDINGS = ("", "n", "r", "s")

_WHO = ("fox", "owl", "hen", "mole", "toad", "goat")
_LOOKS = ("red", "old", "tiny", "brave")
_THINGS = ("key", "lamp", "bell", "pear", "drum", "kite", "rope", "coin")
_PLACES = ("under the bridge", "by the well", "in the barn", "on the hill")
_ENDS = ("danced", "slept", "sang", "went home")


@dataclass(frozen=True)
class Task:
    """Describe one kind of made text.

    Args:
        name: What a visitor picks it by.
        summary: What must be learnt, in a sentence.
        line: Draws one line, its end included.
        nats_per_character: The entropy of the stream.
    """

    name: str
    summary: str
    line: Line
    nats_per_character: float

    def text(self, n_character: int, seed: int) -> str:
        """Return whole lines of at least `n_character` characters."""
        generator = np.random.default_rng(seed)
        lines: list[str] = []
        length = 0
        while length < n_character:
            lines.append(self.line(generator))
            length += len(lines[-1])
        return "".join(lines)


def _pick(generator: np.random.Generator, choices: tuple[str, ...] | str) -> str:
    return choices[int(generator.integers(len(choices)))]


def _letters(generator: np.random.Generator) -> str:
    return "".join(_pick(generator, LETTERS) for _ in range(LINE_LETTERS))


def _copy(generator: np.random.Generator) -> str:
    letters = _letters(generator)
    return f"{letters}={letters}\n"


def _sort(generator: np.random.Generator) -> str:
    letters = _letters(generator)
    return f"{letters}>{''.join(sorted(letters))}\n"


def _add(generator: np.random.Generator) -> str:
    left, right = (int(number) for number in generator.integers(0, LARGEST + 1, size=2))
    return f"{left}+{right}={left + right}\n"


def _name(generator: np.random.Generator) -> str:
    n_syllable = 2 + int(generator.integers(2))
    syllables = [_pick(generator, CONSONANTS) + _pick(generator, VOWELS) for _ in range(n_syllable)]
    return "".join(syllables).capitalize() + _pick(generator, ENDINGS) + "\n"


def _story(generator: np.random.Generator) -> str:
    who, friend = (_WHO[int(i)] for i in generator.permutation(len(_WHO))[:2])
    look, thing = _pick(generator, _LOOKS), _pick(generator, _THINGS)
    place, end = _pick(generator, _PLACES), _pick(generator, _ENDS)
    return (
        f"The {look} {who} found a {thing} {place}. The {who} gave the {thing} to the {friend}. "
        f"Then the {friend} and the {who} {end}.\n"
    )


def _mean_sum_length() -> float:
    """Return the mean length of an addition's line, over all pairs of numbers."""
    numbers = range(LARGEST + 1)
    return float(np.mean([len(f"{a}+{b}={a + b}\n") for a in numbers for b in numbers]))


def _mean_story_length() -> float:
    mean = {words: float(np.mean([len(word) for word in words])) for words in _STORY_WORDS}
    fixed = len("The   found a  . The  gave the  to the . Then the  and the  .\n")
    who = 5 * mean[_WHO]  # the finder is named three times, the friend twice
    return fixed + who + mean[_LOOKS] + 2 * mean[_THINGS] + mean[_PLACES] + mean[_ENDS]


_STORY_WORDS = (_WHO, _LOOKS, _THINGS, _PLACES, _ENDS)
_LETTERS_NATS = LINE_LETTERS * math.log(len(LETTERS)) / (2 * LINE_LETTERS + 2)
_NAME_NATS = math.log(2) + 2.5 * math.log(len(CONSONANTS) * len(VOWELS)) + math.log(len(ENDINGS))
_NAME_LENGTH = 2 * 2.5 + sum(map(len, ENDINGS)) / len(ENDINGS) + 1
_STORY_NATS = math.log(
    len(_WHO) * (len(_WHO) - 1) * len(_LOOKS) * len(_THINGS) * len(_PLACES) * len(_ENDS)
)

TASKS = (
    Task(
        "Copying",
        "Eight random letters, then the same eight again: “cabhgeda=cabhgeda”. The first half "
        "cannot be guessed, the second need not be.",
        _copy,
        _LETTERS_NATS,
    ),
    Task(
        "Sorting",
        "Eight random letters, then the same in the order of the alphabet: “cabhgeda>aabcdegh”.",
        _sort,
        _LETTERS_NATS,
    ),
    Task(
        "Addition",
        f"Two numbers up to {LARGEST} and their sum: “17+25=42”. Only the sum can be worked out.",
        _add,
        2 * math.log(LARGEST + 1) / _mean_sum_length(),
    ),
    Task(
        "Names",
        "Names nobody has, of two or three syllables and one of four endings: “Tivoran”, “Bemis”.",
        _name,
        _NAME_NATS / _NAME_LENGTH,
    ),
    Task(
        "Tiny stories",
        "Three sentences about two animals and a thing. Who found it and what it was must be "
        "remembered to the end.",
        _story,
        _STORY_NATS / _mean_story_length(),
    ),
)
