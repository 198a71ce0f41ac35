"""The tokens page's parts: a word to take apart, words that look alike, the space at the end.

All probabilities are of the pass on the text that the visitor typed, or on that text with a space
more or less.
"""

import numpy as np
import streamlit as st

from model.bpe import cut, merge_steps, words
from model.surprise import loss
from model.tokenizer import Tokenizer, Tokens, start_token, valid_unicode
from model.trace import Array, Trace
from pages.components.merges import MOST_BYTES, shortened
from pages.components.pairs import pairs
from pages.components.token_table import token_table
from pages.components.xray import LARGEST, SMALLEST, drawn_text
from pages.parts import explain, session
from pages.parts.next_list import next_probabilities, next_tokens
from pages.parts.numbers import percent

MOST_PAIRS = 48
MOST_TYPED = 80
LONG_WORD = " unbelievably"
FIRST_TEXT = "The cat sat on"
_MARKS = {"␣": " ", "⏎": "\n", "⇥": "\t"}
_SIGNS = str.maketrans({space: mark for mark, space in _MARKS.items()})


def choose_word() -> None:
    """Take up the word that was clicked in the x-ray."""
    place = session.element_state("xray", "character")
    if isinstance(place, int):
        _take_apart(word_at(drawn_text(session.text()), place))


def _take_apart(word: str) -> None:
    session.set_widget("any_word", word.translate(_SIGNS)[:MOST_TYPED])


def xray_size() -> int:
    """Return the vocabulary size under the x-ray; the model's own if none was chosen."""
    size = session.choice("vocab", LARGEST + 1)
    return session.config().vocab_size if size is None else max(size, SMALLEST)


def choose_size() -> None:
    """Take up the vocabulary size that was chosen in the x-ray."""
    size = session.element_state("xray", "size")
    if isinstance(size, int):
        _show_size(size)


def word_at(text: str, place: int) -> str:
    """Return the part of `text`, as the pattern cuts it, that holds the character at `place`."""
    end = 0
    for word in words(text):
        end += len(word)
        if place < end:
            return word
    return ""


def word_picker() -> str:
    """Let the visitor type any word; return it, or the one chosen in the text, cut if too long."""
    typed = st.text_input(
        "Any word",
        key="any_word",
        max_chars=MOST_TYPED,
        placeholder="Type one, or click a token of your text above",
        bind="query-params",
        live="250ms",
    )
    found = words(_unmarked(typed)) if typed else ()
    if len(found) > 1:
        st.caption(
            f"The pattern cuts this into {len(found)} parts first, and no merge crosses a cut. "
            "The longest part is drawn."
        )
    word = max(found, key=len) if found else longest(session.text())
    short = shortened(word)
    if short != word:
        st.caption(f"Only its first {MOST_BYTES} bytes are drawn.")
    return short


def _unmarked(typed: str) -> str:
    """Read ␣ ⏎ ⇥ as the white space they stand for."""
    return "".join(_MARKS.get(character, character) for character in valid_unicode(typed))


def longest(text: str) -> str:
    """Return the longest word of the text that is drawn; a long English one where there is none."""
    return max(words(drawn_text(text)), key=len, default="") or LONG_WORD


def things_to_try() -> None:
    """Offer a vocabulary of bytes, a long word, a space at the end."""
    explain.tries(
        "tokens",
        explain.Try(
            "Read plain bytes",
            lambda: _show_size(257),
            "The slider moves to 257: no merge, one token a byte. Pull it to the right and watch "
            "the pieces join.",
            shows="xray",
        ),
        explain.Try(
            "Take a long word apart",
            lambda: _take_apart(LONG_WORD),
            "Its merges stand below, as far as this model has them. Play them from the bytes.",
            shows="any_word",
        ),
        explain.Try(
            "End with a space",
            lambda: session.set_text(session.text().rstrip(" ") + " "),
            "Compare the two lists under “A space at the end”.",
            shows="space-without",
            needs="prompt",
        ),
    )


def _show_size(size: int) -> None:
    session.select(vocab=session.OPEN if size == session.config().vocab_size else size)


# ---- words that look alike


def look_alikes(word: str) -> None:
    """Draw a word with and without its space and capital: other tokens, other ids."""
    st.subheader("Looks alike, is not alike", anchor=False)
    st.markdown(explain.sections("tokens")["Looks alike"])
    bare = word.strip()
    bases = list(dict.fromkeys(["the", bare or "cat"]))
    for number, (column, base) in enumerate(zip(st.columns(2, gap="large"), bases, strict=False)):
        rows = [_form_row(form, session.cutter()) for form in forms(base)]
        with column:
            token_table(
                key=f"forms-{number}",
                title="Forms of a word",
                columns=("tokens", "ids", "bytes"),
                rows=rows,
            )


def forms(word: str) -> tuple[str, ...]:
    """Return the word with a space before it, without, capitalised, and in capitals: no two alike.

    A text is cut at 20 characters.
    """
    bare = word.strip()[:20]
    found = (f" {bare}", bare, bare.capitalize(), f" {bare.capitalize()}", bare.upper())
    return tuple(dict.fromkeys(found))


def _form_row(form: str, cutter: Tokenizer) -> tuple[list[tuple[str, int]], str, str]:
    tokens = cutter.encode(form)
    pieces = [(cutter.label(token_id), place) for place, token_id in enumerate(tokens.ids)]
    return (
        pieces,
        " ".join(str(token_id) for token_id in tokens.ids),
        form.encode("utf-8").hex(" ").upper(),
    )


# ---- a space at the end


def space_at_the_end() -> None:
    """Draw what the model expects after the text, and after the text with one space more."""
    st.subheader("A space at the end", anchor=False)
    bare = _bare(session.text())
    if drawn_text(session.text()) == f"{bare} ":
        st.info(
            "Your text ends with a space. The right-hand list is what the model makes of it.",
            icon=":material/space_bar:",
        )
    without, with_space = _trace_of(bare), _trace_of(f"{bare} ")
    st.markdown(_space_words(without, with_space, is_first=not bare.endswith(" ")))
    left, right = st.columns(2, gap="large")
    with left:
        next_tokens("space-without", without)
    with right:
        next_tokens("space-with", with_space)


def _bare(text: str) -> str:
    """Return the end of the text without its last space; an example where nothing is left."""
    return drawn_text(text).removesuffix(" ") or FIRST_TEXT


def _trace_of(text: str) -> Trace:
    config = session.config()
    fresh = session.cutter().encode(text)
    if not session.has_start():
        return session.trace(of=fresh.last(config.block_size))
    start, kept = start_token(config.vocab_size), fresh.last(config.block_size - 1)
    return session.trace(of=Tokens(start.ids + kept.ids, start.pieces + kept.pieces))


def share_with_space(probs: Array, cutter: Tokenizer) -> float:
    """Return the probability of all tokens that begin with a space, together."""
    ids = range(cutter.end_of_text_id)
    return float(sum(probs[token_id] for token_id in ids if cutter.piece(token_id)[:1] == b" "))


def _spaced_pieces(cutter: Tokenizer) -> list[bytes]:
    pieces = (cutter.piece(token_id) for token_id in range(cutter.end_of_text_id))
    return [piece for piece in pieces if piece[:1] == b" "]


def _space_words(without: Trace, with_space: Trace, *, is_first: bool) -> str:
    cutter = session.cutter()
    if not any(len(piece) > 1 for piece in _spaced_pieces(cutter)):
        return (
            "In this vocabulary no token brings a space of its own: the space is always a token "
            "by itself, so one at the end is spent on nothing. Larger vocabularies begin with it: "
            "merge 1 of GPT-2's list joins a space and a t."
        )
    before = share_with_space(next_probabilities(without), cutter)
    after = share_with_space(next_probabilities(with_space), cutter)
    tokens_before, tokens_after = len(without.tokens), len(with_space.tokens)
    own = (
        f"one token more, {tokens_after} in place of {tokens_before}"
        if tokens_after > tokens_before
        else f"other tokens, {tokens_after} of them"
    )
    return (
        f"Without {'a' if is_first else 'the last'} space at the end, tokens that bring a space of "
        f"their own hold **{percent(before)}** of the probability. With it, the text is {own}: the "
        f"space is spent, and a token with a space of its own would make one more. Such tokens now "
        f"hold **{percent(after)}**. In the texts a model learns from, a lone space before a word "
        f"hardly occurs: the space belongs to the word after it."
    )


# ---- training pairs


def training_pairs() -> None:
    """Draw the text as training would read it: x, and y one token further on."""
    st.subheader("What training makes of this text", anchor=False)
    trace, cutter = session.trace(), session.cutter()
    T = len(trace.tokens)
    st.markdown(explain.sections("tokens")["Training pairs"])
    if T < 2:
        st.caption("One token alone makes no pair: type some text.")
        return
    first = max(0, T - 1 - MOST_PAIRS)
    losses = pair_losses(trace, first)
    mean, chance = float(np.mean(losses)), float(np.log(session.config().vocab_size))
    which = f"the last {len(losses)} of {T - 1}" if first else f"all {T - 1}"
    pairs(
        key="pairs",
        labels=[cutter.label(token_id) for token_id in trace.tokens.ids[first:]],
        first=first,
        losses=losses,
        shares=[percent(float(np.exp(-cost))) for cost in losses],
        summary=(
            f"{T} tokens give {T} predictions and {T - 1} losses ({which} drawn; nobody knows yet "
            f"what follows the last). Their mean is {mean:.2f}; guessing evenly among all tokens "
            f"would cost ln {session.config().vocab_size:,} = {chance:.2f}."
        ),
    )


def pair_losses(trace: Trace, first: int = 0) -> list[float]:
    """Return −ln of the probability that each token from `first` + 1 on was given."""
    following = enumerate(trace.tokens.ids[first + 1 :], start=first)
    return [loss(trace.logits[position], token_id) for position, token_id in following]


def sizes(word: str) -> str:
    """Return this run's counts, a line each."""
    config, text = session.config(), drawn_text(session.text())
    own = len(cut(word, config.vocab_size)) if word else 0
    lines = (
        f"vocab_size = {config.vocab_size:,}: 256 bytes, {config.vocab_size - 257:,} merges, "
        "1 start token",
        f"block_size = {config.block_size:,} tokens at most",
        f"T = {len(session.tokens())} tokens of {len(text)} characters, "
        f"{len(text.encode('utf-8'))} bytes",
        f"the word drawn: {len(merge_steps(word))} merges, {own} tokens in this vocabulary",
    )
    return "\n".join(lines)
