"""The tokenizer against tiktoken's own gpt2 and OpenAI's published algorithm, in every script."""

import hashlib
import json
import random
import unicodedata
from functools import lru_cache
from itertools import pairwise

import pytest
import regex
import tiktoken
from hypothesis import example, given
from hypothesis import strategies as st
from tiktoken import load

from model.tokenizer import (
    BYTES_VOCAB_SIZE,
    END_OF_TEXT,
    GPT2_VOCAB_SIZE,
    MAX_CHARACTERS,
    VOCAB_FILE,
    Tokenizer,
    Tokens,
    gpt2_pieces,
    piece_label,
    start_token,
    tail,
    tokenizer,
    valid_unicode,
)

SIZES = (257, 300, 1000, 8192, 50256, 50257)
URL = "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/"
# What tiktoken pins for the two files of gpt2.
HASHES = {
    "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5",
    "encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
}
# The pattern of OpenAI's encoder.py; tiktoken and this project write a quicker one.
PUBLISHED_PATTERN = regex.compile(
    r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
)
TEXTS = (
    "",
    " ",
    "  ",
    "The cat sat on the mat.",
    "the   cat\n\n sat\t\tdown  ",
    "don't you're I've I'm he'll she'd it's DON'T 'tis ''s",
    "12345 3.14 1,000,000 ½ ² Ⅷ ٣٤٥ ४५६",
    "Hello😀 👩‍👩‍👧‍👦 🇰🇷 👍🏽 ❤️",
    "안녕하세요 세계",
    "你好，世界。日本語のテキスト",
    "Привет, мир! Γειά σου Κόσμε",
    "مرحبا بالعالم שלום עולם",
    "नमस्ते दुनिया สวัสดีชาวโลก",
    "e\u0301 \u0301 a\u0300\u0301\u0302",
    "\u200b\u200d\ufeff\u00a0\u2028\u3000",
    "\x00\x01\x1b[0m\x7f\x80",
    "<|endoftext|> <|endoftext|><|fim_prefix|>",
    "a" * 3000,
    " " * 500 + "x" + "\n" * 500,
    "$\\LaTeX$ <script>alert(1)</script> **md** `code`",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈 \U0010ffff \ue000",
)


def encoder_json() -> bytes:
    """Rebuild OpenAI's encoder.json from vocab.bpe, byte for byte."""
    characters = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in characters]
    symbols = [chr(byte) for byte in characters] + [chr(256 + n) for n in range(len(others))]
    merges = VOCAB_FILE.read_text(encoding="utf-8").split("\n")[1:-1]
    symbols += [line.replace(" ", "") for line in merges]
    entries = {symbol: rank for rank, symbol in enumerate([*symbols, END_OF_TEXT])}
    return json.dumps(entries).encode()


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    """Return tiktoken's own gpt2, made from files it has checked itself."""
    folder = tmp_path_factory.mktemp("tiktoken")
    files = {"vocab.bpe": VOCAB_FILE.read_bytes(), "encoder.json": encoder_json()}
    for name, content in files.items():
        assert hashlib.sha256(content).hexdigest() == HASHES[name]
        (folder / hashlib.sha1((URL + name).encode()).hexdigest()).write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        # No network, whatever happens.
        patch.setattr(load, "read_file", lambda path: pytest.fail(f"asked for {path}"))
        yield tiktoken.get_encoding("gpt2")


def texts_of_every_script(count: int, seed: int) -> list[str]:
    """Return texts of one to three words of a random stretch of Unicode each."""
    chance = random.Random(seed)
    letters = [
        character
        for character in map(chr, range(0x11_0000))
        if unicodedata.category(character) not in ("Cn", "Cs", "Co")
    ]
    texts = []
    for _ in range(count):
        start = chance.randrange(len(letters) - 64)
        if chance.random() < 0.5:  # most of Unicode is Chinese and Korean
            start = chance.randrange(12_000)
        stretch = letters[start : start + 64]
        words = ["".join(chance.choices(stretch, k=chance.randrange(1, 9))) for _ in range(3)]
        texts.append(chance.choice(["", " ", "  ", "\n", "'", "1"]).join(words))
    return texts


@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_those_of_tiktokens_gpt2(gpt2, text):
    assert list(tokenizer(GPT2_VOCAB_SIZE).encode(text).ids) == gpt2.encode_ordinary(text)


def test_ids_of_thousands_of_texts_are_those_of_tiktokens_gpt2(gpt2):
    cutter = tokenizer(GPT2_VOCAB_SIZE)
    for text in texts_of_every_script(5000, seed=0):
        assert list(cutter.encode(text).ids) == gpt2.encode_ordinary(text), ascii(text)


@given(text=st.text())
@example(text="\r\n \u2003'S")
def test_ids_of_any_text_are_those_of_tiktokens_gpt2(gpt2, text):
    assert list(tokenizer(GPT2_VOCAB_SIZE).encode(text).ids) == gpt2.encode_ordinary(text)


def test_every_piece_is_that_of_tiktokens_gpt2(gpt2):
    assert gpt2.n_vocab == GPT2_VOCAB_SIZE
    for rank, piece in enumerate(gpt2_pieces()):
        assert gpt2.decode_single_token_bytes(rank) == piece


def published_cut(text: str, vocab_size: int) -> list[bytes]:
    """Cut as OpenAI's encoder.py does, with the first merges only: slow, and written anew."""
    ranks = merge_ranks()
    highest = vocab_size - BYTES_VOCAB_SIZE
    pieces: list[bytes] = []
    for word in PUBLISHED_PATTERN.findall(text):
        parts = [bytes([byte]) for byte in word.encode()]
        while len(parts) > 1:
            pairs = list(pairwise(parts))
            best = min(pairs, key=lambda pair: ranks.get(pair, GPT2_VOCAB_SIZE))
            if ranks.get(best, GPT2_VOCAB_SIZE) >= highest:
                break
            parts = joined(parts, best)
        pieces += parts
    return pieces


def joined(parts: list[bytes], pair: tuple[bytes, bytes]) -> list[bytes]:
    found: list[bytes] = []
    for part in parts:
        if found and (found[-1], part) == pair:
            found[-1] = found[-1] + part
        else:
            found.append(part)
    return found


@lru_cache(maxsize=1)
def merge_ranks() -> dict[tuple[bytes, bytes], int]:
    symbols = json.loads(encoder_json())
    bytes_of = {symbol: gpt2_pieces()[rank] for symbol, rank in symbols.items() if rank < 50256}
    merges = VOCAB_FILE.read_text(encoding="utf-8").split("\n")[1:-1]
    pairs = [tuple(bytes_of[part] for part in line.split(" ")) for line in merges]
    return {(left, right): rank for rank, (left, right) in enumerate(pairs)}


@pytest.mark.parametrize("vocab_size", SIZES)
def test_every_vocabulary_size_cuts_as_the_published_algorithm(vocab_size):
    cutter = tokenizer(vocab_size)
    texts = [*(text for text in TEXTS if len(text) < 200), *texts_of_every_script(150, seed=1)]
    for text in texts:
        assert list(cutter.encode(text).pieces) == published_cut(text, vocab_size), ascii(text)


@given(st.text(), st.integers(257, GPT2_VOCAB_SIZE))
def test_any_text_comes_back_exactly(text, vocab_size):
    # Making a tokenizer costs more than using one.
    cutter = tokenizer(min(SIZES, key=lambda size: abs(size - vocab_size)))
    tokens = cutter.encode(text)
    assert cutter.decode(tokens.ids) == text
    assert b"".join(tokens.pieces) == text.encode()


@pytest.mark.parametrize("vocab_size", SIZES)
def test_every_unicode_character_comes_back_exactly(vocab_size):
    cutter = tokenizer(vocab_size)
    # Surrogates, 0x800 code points, are no characters.
    for start in (start for start in range(0, 0x11_0000, 0x800) if start != 0xD800):
        text = "".join(map(chr, range(start, start + 0x800)))
        is_same = cutter.decode(cutter.encode(text).ids) == text
        assert is_same, f"from U+{start:04X}"


@pytest.mark.parametrize("vocab_size", SIZES)
def test_a_smaller_vocabulary_keeps_gpt2s_ids(vocab_size):
    cutter = tokenizer(vocab_size)
    for token_id in range(vocab_size - 1):
        assert cutter.piece(token_id) == gpt2_pieces()[token_id]
    for text in TEXTS:
        ids = cutter.encode(text).ids
        assert all(0 <= token_id < vocab_size - 1 for token_id in ids)


def test_the_cat_has_the_ids_it_has_in_gpt2():
    for vocab_size in (8192, GPT2_VOCAB_SIZE):
        assert tokenizer(vocab_size).encode("The cat sat").ids == (464, 3797, 3332)
    found = tokenizer(BYTES_VOCAB_SIZE).encode("é ")
    assert found.pieces == (b"\xc3", b"\xa9", b" ")


def test_the_facts_about_tokens_hold():
    gpt2 = tokenizer(GPT2_VOCAB_SIZE)
    kings = {text: gpt2.encode(text).ids for text in ("king", " king", "King", " King")}
    assert kings == {"king": (3364,), " king": (5822,), "King": (15708,), " King": (2677,)}
    assert sum(piece.startswith(b" ") for piece in gpt2_pieces()) == 33_135
    assert len(gpt2.encode("😀")) == 2
    assert len(gpt2.encode("안녕")) == 6
    assert gpt2.encode("12345").pieces == (b"123", b"45")
    assert gpt2.encode("The cat sat on the mat.").ids == (464, 3797, 3332, 319, 262, 2603, 13)
    assert sum(not is_text(piece) for piece in gpt2_pieces()) == 344


def is_text(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("vocab_size", SIZES)
def test_the_end_of_text_typed_by_a_visitor_is_plain_text(vocab_size):
    cutter = tokenizer(vocab_size)
    tokens = cutter.encode(f"a{END_OF_TEXT}b")
    assert cutter.end_of_text_id == vocab_size - 1
    assert cutter.end_of_text_id not in tokens.ids
    assert cutter.decode(tokens.ids) == f"a{END_OF_TEXT}b"
    assert start_token(vocab_size) == Tokens((vocab_size - 1,), (b"",))
    assert cutter.decode((vocab_size - 1,)) == ""


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("\ud83d", "\ufffd"),
        ("\ude00 ", "\ufffd "),
        ("a\ud83db", "a\ufffdb"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("\ud83d\ud83d\ude00", "\ufffd😀"),
        ("\ud83d\ude00", "😀"),
        ("\ufeff\ud800", "\ufeff\ufffd"),
    ],
)
def test_half_a_character_becomes_the_replacement_sign(broken, mended):
    cutter = tokenizer(GPT2_VOCAB_SIZE)
    assert valid_unicode(broken) == mended
    assert cutter.decode(cutter.encode(broken).ids) == mended


@given(st.text())
def test_valid_text_is_left_as_it_is(text):
    assert valid_unicode(text) == text


@given(st.lists(st.integers(0, GPT2_VOCAB_SIZE - 1)))
def test_any_ids_can_be_decoded(ids):
    cutter = tokenizer(GPT2_VOCAB_SIZE)
    cutter.decode(ids).encode()
    assert cutter.tokens(ids).ids == tuple(ids)


@pytest.mark.parametrize("vocab_size", SIZES)
def test_no_two_tokens_share_a_label(vocab_size):
    cutter = tokenizer(vocab_size)
    labels = {cutter.label(token_id) for token_id in range(vocab_size)}
    assert len(labels) == vocab_size
    assert "" not in labels


def test_every_label_can_be_seen():
    cutter = tokenizer(GPT2_VOCAB_SIZE)
    for token_id in range(GPT2_VOCAB_SIZE):
        label = cutter.label(token_id)
        assert unicodedata.category(label[0])[0] != "M", ascii(label)
        assert not any(unicodedata.category(character)[0] in "CZ" for character in label)
        assert not any("\ufe00" <= character <= "\ufe0f" for character in label), ascii(label)


@pytest.mark.parametrize(
    ("piece", "label"),
    [
        (b" the", "␣the"),
        (b"\n\n", "⏎⏎"),
        (b"\t\r", "⇥␍"),
        (b"\xf0\x9f", "⟨F0⟩⟨9F⟩"),
        (b"a\x80", "a⟨80⟩"),
        ("é".encode(), "é"),
        ("\u0301".encode(), "◌\u0301"),
        # Marks that other marks do not move past: a vowel sign, an enclosing key cap.
        ("\u093e".encode(), "◌\u093e"),
        ("\u20e3".encode(), "◌\u20e3"),
        # They draw nothing: a variation selector, a Hangul filler, blank Braille.
        ("\ufe0f".encode(), "⟨U+FE0F⟩"),
        ("a\u3164".encode(), "a⟨U+3164⟩"),
        ("\u2800".encode(), "⟨U+2800⟩"),
        ("\u200b".encode(), "⟨U+200B⟩"),
        ("␣".encode(), "⟨U+2423⟩"),
        (b"\x00", "⟨U+0000⟩"),
    ],
)
def test_labels_name_what_cannot_be_seen(piece, label):
    assert piece_label(piece) == label


@pytest.mark.parametrize("vocab_size", [0, 256, 50258])
def test_a_size_outside_the_family_is_refused(vocab_size):
    with pytest.raises(ValueError, match=f"vocab_size={vocab_size} is not between 257 and 50257"):
        Tokenizer(vocab_size)


@pytest.mark.parametrize("token_id", [-1, 300])
def test_an_id_outside_the_vocabulary_is_refused(token_id):
    with pytest.raises(IndexError, match=f"id={token_id} is not in a vocabulary of 300"):
        tokenizer(300).piece(token_id)


def test_tokens_keep_ids_and_pieces_together():
    tokens = tokenizer(8192).encode("The cat sat")
    assert len(tokens) == 3
    assert tokens.last(2) == Tokens((3797, 3332), (b" cat", b" sat"))
    assert tokens.last(9) == tokens
    assert tokens.last(0) == Tokens((), ())
    with pytest.raises(ValueError, match="1 ids do not fit 0 pieces"):
        Tokens((1,), ())


def test_a_pasted_megabyte_keeps_its_end():
    text = "x" * 2**20 + "end"
    assert tail(text) == text[-MAX_CHARACTERS:]
    assert tokenizer(8192).encode(tail(text)).pieces[-1].endswith(b"end")
