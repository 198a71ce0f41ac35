"""Byte-pair encoding in slow motion: the same cut as `model.tokenizer`, one merge at a time.

Slow on purpose: it looks at every pair of neighbours again before each merge, so that a page can
show what was looked at. Sennrich et al. 2016, arXiv 1508.07909, §3.2; the pattern that cuts a text
into words first is GPT-2's (openai/gpt-2, `encoder.py`). A test holds every cut to tiktoken's.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

# Comes with tiktoken, which cuts by the same kind of pattern; Python's own `re` has no \p{L}.
import regex

from model.tokenizer import GPT2_VOCAB_SIZE, PATTERN, gpt2_pieces, valid_unicode

N_BYTES = 256
_WORDS = regex.compile(PATTERN)


@dataclass(frozen=True)
class MergeStep:
    """Hold one merge inside one word.

    Args:
        left: Index in `before` of the left one of the two pieces that are joined.
        id: Of the joined piece; the lower, the earlier the merge was learned.
        before: The word's pieces until now.
        after: The same bytes with the two pieces joined.
    """

    left: int
    id: int
    before: tuple[bytes, ...]
    after: tuple[bytes, ...]

    @property
    def pair(self) -> tuple[bytes, bytes]:
        """The two pieces that are joined."""
        return self.before[self.left], self.before[self.left + 1]

    @property
    def merge_number(self) -> int:
        """Which of GPT-2's 50,000 merges it is, from 1: the order in which they were learned."""
        return self.id - N_BYTES + 1


def words(text: str) -> tuple[str, ...]:
    """Cut a text by GPT-2's fixed pattern; no merge crosses such a cut.

    The parts joined are the text again, lone surrogates replaced by U+FFFD.
    """
    return tuple(_WORDS.findall(valid_unicode(text)))


def merge_steps(word: str, vocab_size: int = GPT2_VOCAB_SIZE) -> tuple[MergeStep, ...]:
    """Join the pieces of one word, lowest id first, until no union is in the vocabulary.

    The steps of a smaller vocabulary are the first steps of a larger one.

    Args:
        word: One part of `words(text)`; needs time that grows with the square of its length.
        vocab_size: 257 to 50,257.
    """
    pieces, steps = single_bytes(word), []
    while (best := _lowest(unions(pieces, vocab_size))) is not None:
        left, token_id = best
        after = (*pieces[:left], pieces[left] + pieces[left + 1], *pieces[left + 2 :])
        steps.append(MergeStep(left, token_id, pieces, after))
        pieces = after
    return tuple(steps)


def cut(word: str, vocab_size: int = GPT2_VOCAB_SIZE) -> tuple[bytes, ...]:
    """Return the pieces of one word after its last merge."""
    steps = merge_steps(word, vocab_size)
    return steps[-1].after if steps else single_bytes(word)


def single_bytes(word: str) -> tuple[bytes, ...]:
    """Return a word's UTF-8 bytes, each by itself: the pieces before the first merge."""
    return tuple(bytes([byte]) for byte in valid_unicode(word).encode("utf-8"))


def unions(pieces: tuple[bytes, ...], vocab_size: int = GPT2_VOCAB_SIZE) -> tuple[int | None, ...]:
    """Return for each pair of neighbours the id of their union; none where it is no token.

    As in tiktoken, a union counts whichever way it is split.
    """
    ids = piece_ids()
    found = (ids.get(left + right) for left, right in pairwise(pieces))
    # The last id of a vocabulary is <|endoftext|>, so its ordinary tokens end one before it.
    return tuple(None if at is None or at >= vocab_size - 1 else at for at in found)


@lru_cache(maxsize=1)
def piece_ids() -> dict[bytes, int]:
    """Return the id of every ordinary token of GPT-2 by its bytes."""
    return {piece: token_id for token_id, piece in enumerate(gpt2_pieces())}


def _lowest(union_ids: tuple[int | None, ...]) -> tuple[int, int] | None:
    """Return place and id of the lowest union, the leftmost of several."""
    joinable = [(token_id, left) for left, token_id in enumerate(union_ids) if token_id is not None]
    if not joinable:
        return None
    token_id, left = min(joinable)
    return left, token_id
