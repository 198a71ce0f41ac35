"""Find the token that a visitor means by a few typed letters."""

from functools import lru_cache

from model.tokenizer import Tokenizer

MOST_FOUND = 40
_SIGNS = str.maketrans({" ": "␣", "\n": "⏎", "\t": "⇥"})


def find(typed: str, cutter: Tokenizer) -> tuple[int, ...]:
    """Return the ids of the tokens that `typed` may mean, the likeliest meaning first.

    A bare word means the token with a space in front, as words stand inside a text, then the one
    without, then tokens that contain it, lowest id first. "Quotes" mean exactly what they hold,
    #12 the id 12. ␣ ⏎ ⇥ stand for the white space they show.
    """
    names = _ids_by_label(cutter.vocab_size)
    if len(typed) > 2 and typed[0] == typed[-1] == '"':
        return _known(names, typed[1:-1].translate(_SIGNS))
    if typed[:1] == "#" and typed[1:].isascii() and typed[1:].isdigit():
        return (int(typed[1:]),) if int(typed[1:]) < cutter.vocab_size else ()
    wanted = typed.translate(_SIGNS)
    if not wanted:
        return ()
    exact = (*_known(names, f"␣{wanted}"), *_known(names, wanted))
    return tuple(dict.fromkeys((*exact, *_holding(names, wanted))))[:MOST_FOUND]


def _holding(names: dict[str, int], wanted: str) -> list[int]:
    """Return the ids of labels with `wanted` in them, those that begin with it first."""
    folded = wanted.casefold()
    found = [(label.casefold(), at) for label, at in names.items() if folded in label.casefold()]
    begins = [at for label, at in found if label.lstrip("␣").startswith(folded.lstrip("␣"))]
    return [*begins, *(at for _, at in found)]


def _known(names: dict[str, int], label: str) -> tuple[int, ...]:
    return (names[label],) if label in names else ()


def exact_search(token_id: int) -> str:
    """Return what a visitor would type to mean this token and no other."""
    return f"#{token_id}"


@lru_cache(maxsize=4)
def _ids_by_label(vocab_size: int) -> dict[str, int]:
    cutter = Tokenizer(vocab_size)
    return {cutter.label(token_id): token_id for token_id in range(vocab_size)}
