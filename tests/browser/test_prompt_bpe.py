"""The browser cuts and labels exactly as model/tokenizer.py does.

Random code points are taken from those that Python's Unicode tables know: a newer browser knows
more letters, and would cut the newest of them in other places.
"""

import json
import random
import unicodedata

import pytest

from model.tokenizer import VOCAB_FILE, gpt2_pieces, piece_label, tail, tokenizer, valid_unicode
from pages.components.element import ASSETS

pytestmark = pytest.mark.browser

SIZES = (257, 512, 8192, 50257)
NAMES = "tail, validUnicode, parseVocabulary, makeCutter, pieceLabel"
# Unassigned, halves of a pair, and (137,000 of them, all alike) for private use.
LEFT_OUT = ("Cn", "Cs", "Co")
ASSIGNED = [code for code in range(0x110000) if unicodedata.category(chr(code)) not in LEFT_OUT]
# White space of every kind, apostrophes, marks, joiners, lone surrogates: again and again.
KNOTS = [
    *" \t\n\r\v\f\x00\x1c\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\ufeff\u180e\u200b",
    *"'’sStTdDmM019²½Ⅷ٣ेé\u0301\u0345\u20e3\ufe0f\u200d\u200f\u061c\u202e.,;:!?-_/\\|<>&\"#$%{}ﬁ",
    *"\ue000\U0010fffd🙂👩🏽🚀🇰🇷한글각नमस्तेمرحباשלוםไทย漢字かなカナ",
    *("  ", "    ", "\n\n", "\r\n", "'ll", "'ve", "'re", " don't", "DON'T", "<|endoftext|>"),
    *("\ud800", "\udfff", "\ud83d", "\ude42"),
]
SAMPLES = [
    *("", " ", "   ", "\n", "\n \n", "a  b", "  a", "a  ", "a \x85\x85 b", "a\ufeff\ufeffb", "''s"),
    "Hello, world! It's 2024; we'll see 3.14159 and 1,000,000.",
    "def f(x):\n    return {\n\t'a': x ** 2,  # why\n    }\n",
    "<script>alert('x')</script> $\\LaTeX$ **md** &amp; <|endoftext|>",
    *("Ünïcödé Straße ǅungla İstanbul ﬀ ſ", "зелёная трава", "ελληνικά", "Հայերեն", "ქართული"),
    *("नमस्ते दुनिया", "বাংলা", "தமிழ்", "ไทยไม่มีช่องว่าง", "မြန်မာ", "ខ្មែរ", "བོད་ཡིག", "አማርኛ"),
    *(
        "안녕하세요 세계",
        "\u1100\u1161\u11a8",
        "漢字とかな交じり文",
        "𠀀𠀁𪚥",
        "مرحبا بالعالم",
        "שלום עולם",
    ),
    *("👨‍👩‍👧‍👦 🏳️‍🌈 🇺🇳 1️⃣", "e\u0301 \u0301 \u0301\u0302", "\u202eabc\u202c", "\x00\x01\x7f\x9f"),
    *("\ud83d", "\ude42", "\ude42\ud83d", "a\ud83db", "x\ud83d\ud83d\ude42y"),
    *("a" * 3000, " " * 3000, "ab" * 2000 + " ", "한" * 1500, "🙂" * 700, "=" * 1000),
    *("\n" * 500 + "x", "aaaa " * 300, "1" * 2000),
]


def random_text(rng):
    sources = [
        lambda: chr(rng.choice(ASSIGNED)),
        lambda: rng.choice(KNOTS),
        lambda: chr(rng.randrange(0x20, 0x7F)),
        lambda: rng.choice(KNOTS) if rng.random() < 0.3 else chr(rng.choice(ASSIGNED)),
        lambda: gpt2_pieces()[rng.randrange(50256)].decode("utf-8", "replace"),
    ]
    source = rng.choice(sources)
    text = "".join(source() for _ in range(rng.randrange(1, 60)))
    # Two lone halves side by side become one character, which may be one that is not assigned.
    return text if unassigned(valid_unicode(text)) == 0 else random_text(rng)


def unassigned(text):
    return sum(unicodedata.category(character) == "Cn" for character in text)


def ask(page, expression, *arguments):
    """Call a function in the browser; as one ASCII string, which carries lone surrogates too."""
    call = f"all => JSON.stringify(({expression})(...JSON.parse(all)))"
    return json.loads(page.evaluate(call, json.dumps(arguments)))


@pytest.fixture(scope="module")
def tools(browser):
    """Return an empty page that holds the functions of bpe.js and labels.js."""
    page = browser.new_page()
    files = [ASSETS / "shared" / name for name in ("bpe.js", "labels.js")]
    code = "\n".join(file.read_text(encoding="utf-8") for file in files)
    page.evaluate(
        f"merges => {{ {code}\n globalThis.tools = {{ {NAMES} }};"
        " tools.vocabulary = parseVocabulary(new TextEncoder().encode(merges));"
        " tools.cut = makeCutter(tools.vocabulary); }",
        VOCAB_FILE.read_text(encoding="utf-8"),
    )
    yield page
    page.close()


def differences(page, texts, size):
    found = ask(page, "(texts, size) => texts.map(t => tools.cut(t, size))", texts, size)
    expected = [list(tokenizer(size).encode(text).ids) for text in texts]
    rows = zip(texts, found, expected, strict=True)
    return [(text, ids, correct) for text, ids, correct in rows if ids != correct]


@pytest.mark.parametrize("size", SIZES)
def test_the_browser_cuts_as_tiktoken_does(tools, size):
    rng = random.Random(size)
    texts = SAMPLES + [random_text(rng) for _ in range(1000)]
    assert differences(tools, texts, size) == []


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_the_browser_cuts_many_thousands_of_texts_as_tiktoken_does(tools, size):
    rng = random.Random(size + 1)
    assert differences(tools, [random_text(rng) for _ in range(10_000)], size) == []


def test_every_assigned_code_point_is_cut_the_same(tools):
    # Between letters, spaces and digits, so that it matters to which class each belongs.
    texts = ["".join(f"a{chr(c)} {chr(c)}1  " for c in ASSIGNED[i::500]) for i in range(500)]
    assert differences(tools, texts, 512) == []


def test_the_browser_knows_the_same_pieces(tools):
    pieces = tools.evaluate("tools.vocabulary.pieces")
    assert [piece.encode("latin-1") for piece in pieces] == list(gpt2_pieces())


def labels_in_browser(page, pieces):
    return ask(page, "all => all.map(tools.pieceLabel)", [list(piece) for piece in pieces])


def test_all_pieces_carry_the_same_labels_and_no_two_share_one(tools):
    labels = labels_in_browser(tools, gpt2_pieces())
    assert labels == [piece_label(piece) for piece in gpt2_pieces()]
    assert len(set(labels)) == len(labels)


def test_every_assigned_code_point_carries_the_same_label(tools):
    pieces = [chr(code).encode() for code in ASSIGNED]
    pieces += [f"x{chr(code)}".encode() for code in ASSIGNED[::7]]
    assert labels_in_browser(tools, pieces) == [piece_label(piece) for piece in pieces]


def test_broken_bytes_carry_the_same_labels(tools):
    rng = random.Random(1)
    leads = [0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF]
    edges = [0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0]
    pieces = [bytes(rng.choices(leads + edges, k=rng.randrange(1, 7))) for _ in range(20_000)]
    pieces += [rng.randbytes(rng.randrange(1, 9)) for _ in range(5000)]
    pieces = [p for p in pieces if unassigned(p.decode("utf-8", "ignore")) == 0]
    assert labels_in_browser(tools, pieces) == [piece_label(piece) for piece in pieces]


def test_both_keep_the_same_tail(tools):
    texts = ["a🙂b" * 5, "🙂" * 9, "한글e\u0301", "", "x" * 6, "🙂a\ud83d🙂\ude42b"]
    counts = (1, 2, 3, 4, 6, 7)
    each = "texts.map(t => counts.map(n => tools.validUnicode(tools.tail(t, n))))"
    found = ask(tools, f"(texts, counts) => {each}", texts, counts)
    assert found == [[valid_unicode(tail(text, n)) for n in counts] for text in texts]


@pytest.mark.parametrize("letters", ["a", "한글", "qxzj", "🙂"])
def test_twenty_thousand_letters_without_a_space_take_no_quadratic_time(tools, letters):
    clock = """text => {
        const start = performance.now();
        tools.cut(text, 8192);
        return performance.now() - start;
    }"""
    tools.evaluate(clock, letters * 500)
    text = (letters * 20_000)[:20_000]
    took = min(tools.evaluate(clock, text) for _ in range(3))
    assert took < 300, f"{took:.0f} ms"
