"""Text to ids to batches. Nothing here knows the model.

A document begins after `<|endoftext|>`. A large text is cut once and kept on disk as an array of
16-bit ids, which is mapped into memory rather than read. Texts of a batch are drawn without
replacement: one pass over a source visits every window once, in a new order and with a new offset
each time.
"""

import hashlib
import lzma
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
import numpy.typing as npt

from model.tokenizer import END_OF_TEXT, Tokenizer, tokenizer
from model.variants.masking import mask_tokens

Ids = npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Source:
    """Hold one text as ids, and how often it is drawn.

    Args:
        ids: `(n_token,)`, `<|endoftext|>` before every document.
        weight: Share of the texts drawn from here, against the other sources' weights.
    """

    ids: Ids
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.weight < math.inf:
            raise ValueError(f"weight={self.weight} is not a number above 0")


class BatchState(TypedDict):
    """Say where a drawing of batches stands; fit for a JSON file."""

    generator: dict[str, object]
    passes: list[int]
    positions: list[int]
    masking: NotRequired[dict[str, object]]


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, unpacked where its name ends in `.xz`.

    Raises:
        ValueError: The file is not UTF-8, or no `.xz` file inside.
    """
    raw = path.read_bytes()
    try:
        return (lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8")
    except UnicodeDecodeError as error:
        place = f"byte {error.start:,}"
        raise ValueError(f"{path} is no UTF-8 text at {place}: save it as UTF-8") from None
    except lzma.LZMAError as error:
        raise ValueError(f"{path} cannot be unpacked ({error}): copy it again") from None


def documents(text: str) -> Iterator[str]:
    """Split a text at every `<|endoftext|>`, leaving out what is empty."""
    for document in text.split(END_OF_TEXT):
        if document.strip():
            yield document.strip("\n")


def encode_documents(text: str, vocab_size: int) -> Ids:
    """Return `(n_token,)` ids of every document, each after `<|endoftext|>`."""
    cut = tokenizer(vocab_size)
    parts = [
        np.array([cut.end_of_text_id, *cut.encode(document).ids], dtype=np.uint16)
        for document in documents(text)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint16)


def prepare(path: Path, vocab_size: int, folder: Path) -> Ids:
    """Return a file's ids, mapped from `folder`, where they are put the first time."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    kept = folder / f"{path.name}.{vocab_size}.{digest}.npy"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part.npy")
        np.save(part, encode_documents(read_text(path), vocab_size))
        part.replace(kept)
    return np.load(kept, mmap_mode="r", allow_pickle=False)


def newlines_at_end(cut: Tokenizer) -> npt.NDArray[np.uint8]:
    """Return `(vocab_size,)`, the newlines (0, 1, 2 or more as 2) each token's bytes end with.

    `<|endoftext|>` counts as two: a paragraph begins after it.
    """
    pieces = [cut.piece(token_id) for token_id in range(cut.vocab_size - 1)]
    counts = [min(len(piece) - len(piece.rstrip(b"\n")), 2) for piece in pieces]
    return np.array([*counts, 2], dtype=np.uint8)


def paragraph_starts(window: Ids, newlines: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    """Return the positions in a window at which a paragraph begins, after an empty line.

    GPT-2 cuts the empty line before a word into two tokens of one newline each.
    """
    ended = newlines[window]
    is_break = ended == 2
    is_break[1:] |= (ended[1:] > 0) & (ended[:-1] > 0)
    goes_on = ended[1:] > 0
    return np.flatnonzero(is_break[:-1] & ~goes_on) + 1


class Batches:
    """Draw batches of windows from weighted sources, by a generator of its own.

    Args:
        sources: Each at least one window long.
        batch_size: Windows in a batch.
        block_size: Tokens read in a window; one more is drawn, the last one's target.
        vocab_size: Fixes which ids end a paragraph.
        seed: Of the generator.
        start_share: Share of windows moved to the first paragraph that starts in them, or the
            first line where none does, with `<|endoftext|>` put before it, as the model meets a
            text when it is used.
        is_scattered: Windows begin anywhere, and a pass is as many as would fit. Otherwise they lie
            end to end and a pass reads each once; but in a text of lines of one length they then
            begin at few of a line's places, and nothing is learnt of the others.

    Raises:
        ValueError: A source is shorter than one window.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        batch_size: int,
        block_size: int,
        vocab_size: int,
        seed: int,
        start_share: float = 0.0,
        is_scattered: bool = False,
    ) -> None:
        self._is_scattered = is_scattered
        self._sources = tuple(sources)
        self._batch_size, self._length = batch_size, block_size + 1
        self._start_share = start_share
        for source in self._sources:
            if len(source.ids) < self._length:
                raise ValueError(
                    f"a text of {len(source.ids)} tokens is too short: "
                    f"block_size={block_size} needs at least {self._length}"
                )
        self._newlines = newlines_at_end(tokenizer(vocab_size))
        self._end_of_text_id = vocab_size - 1
        self._seed = seed
        self._generator = np.random.default_rng(seed)
        weights = np.array([source.weight for source in self._sources])
        self._shares = weights / weights.sum()
        self._passes = [0] * len(self._sources)
        self._positions = [0] * len(self._sources)
        self._orders = [self._order(index, 0) for index in range(len(self._sources))]

    def draw(self) -> npt.NDArray[np.int64]:
        """Return the next batch, `(batch_size, block_size + 1)`."""
        picks = self._generator.choice(len(self._sources), size=self._batch_size, p=self._shares)
        at_start = self._generator.random(self._batch_size) < self._start_share
        rows = [self._window(int(pick), bool(s)) for pick, s in zip(picks, at_start, strict=True)]
        return np.stack(rows).astype(np.int64)

    def state(self) -> BatchState:
        """Return where the drawing stands."""
        generator = self._generator.bit_generator.state
        return BatchState(
            generator=dict(generator), passes=[*self._passes], positions=[*self._positions]
        )

    def restore(self, state: BatchState) -> None:
        """Go on from a state, bit for bit.

        Raises:
            ValueError: The state is of another number of sources, or of a run that hid tokens.
        """
        if "masking" in state:
            raise ValueError("the run was saved by a training that hides tokens")
        n_known, n_here = len(state["positions"]), len(self._sources)
        if n_known != n_here:
            raise ValueError(f"the run was saved with {n_known} texts, not {n_here}")
        self._generator.bit_generator.state = state["generator"]
        self._passes, self._positions = [*state["passes"]], [*state["positions"]]
        self._orders = [self._order(index, turn) for index, turn in enumerate(self._passes)]

    def _order(self, index: int, turn: int) -> npt.NDArray[np.int64]:
        """Return where each window of one pass over a source begins, in the order of drawing."""
        generator = np.random.default_rng((self._seed, index, turn))
        n_free = len(self._sources[index].ids) - self._length
        step = self._length - 1
        offset = int(generator.integers(min(step, n_free + 1)))
        begins = np.arange(offset, n_free + 1, step)
        if self._is_scattered:
            return generator.integers(n_free + 1, size=len(begins))
        return generator.permutation(begins)

    def _window(self, index: int, at_start: bool) -> Ids:
        if self._positions[index] >= len(self._orders[index]):
            self._passes[index] += 1
            self._positions[index] = 0
            self._orders[index] = self._order(index, self._passes[index])
        begin = int(self._orders[index][self._positions[index]])
        self._positions[index] += 1
        ids = self._sources[index].ids
        return self._from_start(ids, begin) if at_start else ids[begin : begin + self._length]

    def _from_start(self, ids: Ids, begin: int) -> Ids:
        """Return a window that begins with `<|endoftext|>` and then a paragraph, or else a line."""
        window = ids[begin : begin + self._length]
        found = paragraph_starts(window, self._newlines)
        if not len(found):
            found = np.flatnonzero(self._newlines[window[:-1]]) + 1
        first = begin + int(found[0]) if len(found) else begin
        first = min(first, len(ids) - self._length + 1)
        start = np.array([self._end_of_text_id], dtype=np.uint16)
        return np.concatenate([start, ids[first : first + self._length - 1]])


class MaskedBatches:
    """Draw batches of windows with some tokens hidden, for a model that looks both ways.

    Args:
        batches: Of windows one token longer than what is read; their last token is left out.
        mask_id: The id of [MASK].
        seed: Of the draws of what is hidden.
    """

    def __init__(self, batches: Batches, *, mask_id: int, seed: int) -> None:
        self._batches, self._mask_id = batches, mask_id
        self._generator = np.random.default_rng((seed, 1))

    def draw(self) -> npt.NDArray[np.int64]:
        """Return the next batch, `(batch_size, 2, block_size)`: what is read, what is asked."""
        ids = self._batches.draw()[:, :-1]
        masked = mask_tokens(ids, self._generator, mask_id=self._mask_id)
        return np.stack([masked.read, masked.targets], axis=1)

    def state(self) -> BatchState:
        """Return where the drawing stands."""
        masking = dict(self._generator.bit_generator.state)
        return {**self._batches.state(), "masking": masking}

    def restore(self, state: BatchState) -> None:
        """Go on from a state, bit for bit.

        Raises:
            ValueError: The state is of another number of sources, or of a run that hid nothing.
        """
        if "masking" not in state:
            raise ValueError("the run was saved by a training that hides no tokens")
        self._batches.restore(
            BatchState(
                generator=state["generator"],
                passes=state["passes"],
                positions=state["positions"],
            )
        )
        self._generator.bit_generator.state = state["masking"]
