"""Text to token ids and back: GPT-2's byte-pair encoding at any vocabulary size, over tiktoken.

GPT-2's ranks are in the order of the merges, so their first N are a byte-pair encoding of their
own, with GPT-2's own ids. A vocabulary of size V is the first V − 1 ranks and `<|endoftext|>` as
the last id, V − 1. At V = 50,257 this is exactly GPT-2; at V = 257 it is plain bytes.

Source of the merges, the byte order and the pattern: openai/gpt-2, `encoder.py`; NOTICE has the
licence. The browser cuts by the same rules in `assets/components/shared/bpe.js`; a test holds the
two together.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# Comes with tiktoken; Python's own `re` and `unicodedata` do not know what draws nothing.
import regex
import tiktoken

VOCAB_FILE = Path(__file__).parents[1] / "assets" / "vocab" / "vocab.bpe"
GPT2_VOCAB_SIZE = 50257
BYTES_VOCAB_SIZE = 257
END_OF_TEXT = "<|endoftext|>"
# Only the last so many characters of a text are cut: more than any context can hold, and little
# enough that a pasted megabyte costs nothing.
MAX_CHARACTERS = 20_000

PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
_VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}
_MARKS = frozenset([*_VISIBLE.values(), "⟨", "⟩", "◌"])
# Control, format, private, unassigned; separators; fillers and variation selectors; blank Braille.
_UNSEEN = regex.compile(r"[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]")
_COMBINING = regex.compile(r"\p{M}")


@dataclass(frozen=True)
class Tokens:
    """Hold a text as the model reads it.

    Args:
        ids: One whole number a token.
        pieces: The bytes each token stands for; empty for `<|endoftext|>`.
    """

    ids: tuple[int, ...]
    pieces: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.pieces):
            raise ValueError(f"{len(self.ids)} ids do not fit {len(self.pieces)} pieces")

    def __len__(self) -> int:
        return len(self.ids)

    def last(self, count: int) -> "Tokens":
        """Return the last `count` tokens, or all where there are fewer."""
        return Tokens(self.ids[-count:], self.pieces[-count:]) if count else Tokens((), ())


class Tokenizer:
    """Cut text into the tokens of one vocabulary size, and join them again.

    Args:
        vocab_size: 257 (plain bytes) to 50,257 (GPT-2).

    Raises:
        ValueError: `vocab_size` is outside that range.
    """

    def __init__(self, vocab_size: int) -> None:
        if not BYTES_VOCAB_SIZE <= vocab_size <= GPT2_VOCAB_SIZE:
            raise ValueError(
                f"vocab_size={vocab_size} is not between {BYTES_VOCAB_SIZE} and {GPT2_VOCAB_SIZE}"
            )
        self.vocab_size = vocab_size
        self.end_of_text_id = vocab_size - 1
        self._pieces = gpt2_pieces()[: vocab_size - 1]
        self._encoding = tiktoken.Encoding(
            f"gpt2-first-{vocab_size}",
            pat_str=PATTERN,
            mergeable_ranks={piece: rank for rank, piece in enumerate(self._pieces)},
            special_tokens={END_OF_TEXT: self.end_of_text_id},
        )

    def encode(self, text: str) -> Tokens:
        """Cut `text` into tokens; `<|endoftext|>` in it is plain text, as any other.

        Lone surrogates, which are half a character and no valid Unicode, become U+FFFD.
        """
        ids = self._encoding.encode_ordinary(valid_unicode(text))
        return self.tokens(ids)

    def decode(self, ids: tuple[int, ...] | list[int]) -> str:
        """Join tokens to text; bytes that are no valid UTF-8 become U+FFFD."""
        return b"".join(self.piece(token_id) for token_id in ids).decode("utf-8", errors="replace")

    def tokens(self, ids: tuple[int, ...] | list[int]) -> Tokens:
        """Return the ids with the bytes each stands for."""
        return Tokens(tuple(ids), tuple(self.piece(token_id) for token_id in ids))

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of one token; none for `<|endoftext|>`.

        Raises:
            IndexError: No token has this id.
        """
        if token_id == self.end_of_text_id:
            return b""
        if not 0 <= token_id < self.end_of_text_id:
            raise IndexError(f"id={token_id} is not in a vocabulary of {self.vocab_size}")
        return self._pieces[token_id]

    def label(self, token_id: int) -> str:
        """Return a text for the screen that no other token of the vocabulary shares."""
        return END_OF_TEXT if token_id == self.end_of_text_id else piece_label(self.piece(token_id))


@lru_cache(maxsize=8)
def tokenizer(vocab_size: int) -> Tokenizer:
    """Return the tokenizer of one vocabulary size, made once."""
    return Tokenizer(vocab_size)


def start_token(vocab_size: int) -> Tokens:
    """Return the one token that stands before a document: `<|endoftext|>`."""
    return Tokens((vocab_size - 1,), (b"",))


def valid_unicode(text: str) -> str:
    """Return `text` with every lone surrogate replaced by U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def tail(text: str, max_characters: int = MAX_CHARACTERS) -> str:
    """Return the last `max_characters` characters of `text`: what a context can use of it."""
    return text[-max_characters:]


@lru_cache(maxsize=1)
def gpt2_pieces() -> tuple[bytes, ...]:
    """Return the bytes of GPT-2's 50,256 ordinary tokens, in the order of their ids."""
    lines = VOCAB_FILE.read_text(encoding="utf-8").split("\n")[1:]
    byte_of = {character: bytes([byte]) for byte, character in _byte_characters()}
    pieces = [bytes([byte]) for byte, _ in _byte_characters()]
    for line in lines:
        if line:
            left, right = line.split(" ")
            pieces.append(b"".join(byte_of[character] for character in left + right))
    return tuple(pieces)


def hugging_face_vocabulary(vocab_size: int) -> tuple[dict[str, int], list[str]]:
    """Return each token's id and the merges in order, as `vocab.json` and `merges.txt` hold them.

    With these, transformers' GPT-2 tokenizer cuts texts as `Tokenizer(vocab_size)` does.
    """
    n_merge = vocab_size - BYTES_VOCAB_SIZE
    merges = [line for line in VOCAB_FILE.read_text(encoding="utf-8").split("\n")[1:] if line]
    tokens = [character for _, character in _byte_characters()]
    tokens += [merge.replace(" ", "") for merge in merges[:n_merge]]
    ids = {token: token_id for token_id, token in enumerate([*tokens, END_OF_TEXT])}
    return ids, merges[:n_merge]


def _byte_characters() -> list[tuple[int, str]]:
    """Pair each byte with the character GPT-2's files write for it, in the order of GPT-2's ids."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printable)]
    stand_ins = [chr(256 + index) for index in range(len(others))]
    return [(byte, chr(byte)) for byte in printable] + list(zip(others, stand_ins, strict=True))


def piece_label(piece: bytes) -> str:
    """Write a token's bytes so that every one can be told apart on a screen.

    White space gets a sign of its own (␣ ⏎ ⇥ ␍), what is invisible or changes its surroundings is
    named by its code point (⟨U+200B⟩), bytes that are no whole character are written in
    hexadecimal (⟨F0⟩), a combining mark at the start sits on a dotted circle. A text that holds
    one of these signs has it named, so that no two pieces share a label.
    """
    label = "".join(_character_label(character) for character in _characters(piece))
    return f"◌{label}" if _COMBINING.match(label) else label


def _characters(piece: bytes) -> list[str | int]:
    """Split bytes into whole characters and the bytes left over (as numbers)."""
    found: list[str | int] = []
    position = 0
    while position < len(piece):
        for length in (1, 2, 3, 4):
            try:
                found.append(piece[position : position + length].decode("utf-8"))
            except UnicodeDecodeError:
                continue
            position += length
            break
        else:
            found.append(piece[position])
            position += 1
    return found


def _character_label(character: str | int) -> str:
    if isinstance(character, int):
        return f"⟨{character:02X}⟩"
    if character in _VISIBLE:
        return _VISIBLE[character]
    if character in _MARKS or _UNSEEN.match(character):
        return f"⟨U+{ord(character):04X}⟩"
    return character
