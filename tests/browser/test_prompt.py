"""The prompt box in a browser: what is typed, what Python changes, and how it looks."""

import json
import re
import urllib.parse
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from model.tokenizer import END_OF_TEXT, tokenizer

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).with_name("prompt_page.py")
START = 8191
ODD = [
    "The cat sat on the mat.",
    "🙂 한글 각 e\u0301 \u0301 \u200b\u202e\x07 مرحبا שלום",
    "<script>alert(1)</script><style>*{display:none}</style> $\\LaTeX$ **md** &lt; <|endoftext|>",
    "a\n\n\tb   c  ",
]


@pytest.fixture(scope="module")
def address(start_app):
    return start_app(SCRIPT, PYTHONPATH=str(SCRIPT.parents[2]))


@pytest.fixture
def box(page, address):
    """Return a function that opens the page with these settings and gives it back."""

    def visit(**settings):
        page.set_default_timeout(30_000)
        page.goto(f"{address}/?{urllib.parse.urlencode(settings)}")
        page.locator(".piece").first.wait_for()
        page.locator("h1").wait_for()
        return page

    return visit


def labels(text, size=8192):
    cut = tokenizer(size).encode(text)
    return ["<|endoftext|>", *(tokenizer(size).label(token_id) for token_id in cut.ids)]


def shown(page):
    return page.locator(".piece .label").all_text_contents()


def known(page):
    """Return what Python knows: the text, the query, the last texts it heard, its runs."""
    return json.loads(page.locator(".st-key-known code").text_content())


def expect_known(page, index, value):
    page.wait_for_function(
        """([index, value]) => {
            const code = document.querySelector('.st-key-known code');
            return code && JSON.stringify(JSON.parse(code.textContent)[index]) === value;
        }""",
        arg=[index, json.dumps(value, separators=(",", ":"), ensure_ascii=False)],
    )


def expect_pieces(page, expected):
    expect(page.locator(".piece .label")).to_have_text(expected, use_inner_text=False)


@pytest.mark.parametrize("text", ODD)
def test_the_pieces_are_those_of_the_tokenizer(box, text):
    page = box()
    page.locator("textarea").fill(text)
    assert shown(page) == labels(text)
    expect_known(page, 0, text)
    assert page.locator("script, style", has_text="alert(1)").count() == 0


def test_pieces_do_not_wait_for_python(box):
    page = box(slow=2)
    page.locator("textarea").press("End")
    page.keyboard.type(" on the mat")
    assert shown(page) == labels("The cat sat on the mat")
    assert known(page)[0] == "The cat sat"


def test_nothing_typed_is_lost_while_python_reruns(box):
    page = box(restless=1)
    page.locator("textarea").press("End")
    typed = " on the mat, and the dog lay on the rug. Then both of them went to sleep."
    page.keyboard.type(typed, delay=35)
    assert page.locator("textarea").input_value() == "The cat sat" + typed
    expect_known(page, 0, "The cat sat" + typed)
    assert known(page)[3] > 8, "there were no runs in between"
    page.wait_for_timeout(700)
    assert page.locator("textarea").input_value() == "The cat sat" + typed


def test_typing_in_the_middle_keeps_the_cursor_while_python_answers(box):
    page = box(slow=0.3)
    page.locator("textarea").press("Home")
    typed = "I know that one day long ago "
    for letter in typed:
        page.keyboard.type(letter)
        page.wait_for_timeout(90 if letter != " " else 400)
    assert page.locator("textarea").input_value() == typed + "The cat sat"
    expect_known(page, 0, typed + "The cat sat")


def test_python_hears_once_after_the_last_key(box):
    page = box()
    page.locator("textarea").press("End")
    page.keyboard.type(" down", delay=35)
    expect_known(page, 2, ["The cat sat down"])


def test_control_enter_and_leaving_the_box_tell_python_at_once(box):
    page = box()
    page.clock.install()
    page.locator("textarea").fill("one")
    page.keyboard.press("Control+Enter")
    page.clock.run_for(100)
    expect_known(page, 0, "one")
    page.locator("textarea").fill("two")
    page.locator("textarea").blur()
    page.clock.run_for(100)
    expect_known(page, 0, "two")
    assert page.locator("textarea").input_value() == "two"


def test_python_changes_the_text(box):
    page = box()
    page.get_by_text("Example").click()
    expect(page.locator("textarea")).to_have_value("Once upon a time")
    expect_pieces(page, labels("Once upon a time"))
    page.get_by_text("Append").click()
    expect(page.locator("textarea")).to_have_value("Once upon a time and")
    page.locator("textarea").press("End")
    page.keyboard.type("!")
    expect_known(page, 0, "Once upon a time and!")


def test_the_same_words_typed_again_after_an_example_are_heard_again(box):
    page = box()
    page.locator("textarea").fill("mine")
    expect_known(page, 0, "mine")
    page.get_by_text("Example").click()
    expect(page.locator("textarea")).to_have_value("Once upon a time")
    page.locator("textarea").fill("mine")
    expect_known(page, 2, ["mine", "mine"])
    expect_known(page, 0, "mine")


def test_words_typed_while_an_example_is_under_way_are_kept(box):
    page = box(slow=1)
    page.get_by_text("Example").click()
    page.locator("textarea").fill("but I was writing")
    expect_known(page, 0, "but I was writing")
    page.wait_for_timeout(1500)
    assert page.locator("textarea").input_value() == "but I was writing"


def test_exact_ids_are_drawn_until_the_text_changes(box):
    # The last two are the first half of an emoji, where generation may well stop.
    page = box(text="The cat \ufffd", ids="[464, 3797, 220, 172, 253]")
    assert shown(page) == ["<|endoftext|>", "The", "␣cat", "␣", "⟨F0⟩", "⟨9F⟩"]
    page.locator("textarea").press("End")
    page.keyboard.type("!")
    assert shown(page) == labels("The cat \ufffd!")


def test_exact_ids_differ_from_a_fresh_cut(box):
    page = box(text="The cat", ids="[464, 220, 66, 265]")
    assert shown(page) == ["<|endoftext|>", "The", "␣", "c", "at"]


def test_a_click_chooses_the_query_and_outlines_it(box):
    page = box()
    page.locator(".piece", has_text="␣cat").click()
    expect_known(page, 1, 2)
    expect(page.locator(".piece[aria-selected=true] .label")).to_have_text("␣cat")


def test_the_keyboard_reads_and_chooses_pieces(box):
    page = box()
    page.locator("textarea").press("Tab")
    expect(page.locator(".piece:focus .label")).to_have_text("␣sat")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".note")).to_have_text("position 2 · id 3797 · ␣cat · bytes 20 63 61 74")
    page.keyboard.press("Home")
    expect(page.locator(".note")).to_contain_text(f"position 0 · id {START} · {END_OF_TEXT}")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect_known(page, 1, 1)


def test_a_token_of_half_a_character_says_which(box):
    page = box(text="e 🙂!")
    assert shown(page)[3:] == ["⟨F0⟩", "⟨9F⟩", "⟨99⟩", "⟨82⟩", "!"]
    for piece in range(3, 7):
        page.locator(".piece").nth(piece).hover()
        expect(page.locator(".note")).to_contain_text("· part of 🙂")
    page.locator(".piece").nth(7).hover()
    expect(page.locator(".note")).to_have_text("position 7 · id 0 · ! · byte 21")


def test_what_a_finger_asked_for_stays_until_it_presses_elsewhere(browser, address):
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.goto(address)
    page.locator(".piece").first.wait_for()
    height = page.locator(".foot").bounding_box()["height"]
    page.locator(".piece", has_text="␣cat").tap()
    expect_known(page, 1, 2)
    expect(page.locator(".note")).to_have_text("position 2 · id 3797 · ␣cat · bytes 20 63 61 74")
    assert page.locator(".foot").bounding_box()["height"] == height
    page.locator("textarea").tap()
    expect(page.locator(".note")).to_have_text("")
    page.close()


def test_ids_stand_under_the_pieces_when_asked_for(box):
    page = box()
    assert not page.locator(".piece .id").first.is_visible()
    page.locator(".toggle").click()
    ids = tokenizer(8192).encode("The cat sat").ids
    expect(page.locator(".piece .id")).to_have_text([str(n) for n in (START, *ids)])
    expect(page.locator(".piece .id").first).to_be_visible()


def test_too_long_a_text_keeps_its_last_tokens_and_says_so(box):
    page = box(block_size=16)
    text = "one two three four five six seven eight nine ten. " * 3
    page.locator("textarea").fill(text.strip())
    cut = tokenizer(8192).encode(text.strip()).ids
    assert shown(page) == [tokenizer(8192).label(token_id) for token_id in cut[-16:]]
    expect(page.locator(".note")).to_have_text(
        f"{len(cut) + 1 - 16} earlier tokens, the start token among them, are outside the context; "
        "the model reads the last 16."
    )
    expect(page.locator(".count")).to_have_text("16 of 16 tokens")


def test_one_token_too_many_is_said_in_the_singular(box):
    page = box(block_size=3)
    expect(page.locator(".note")).to_have_text(
        "The start token is outside the context; the model reads the last 3."
    )


def test_an_empty_box_says_what_the_model_reads(box):
    page = box(bare=1)
    page.locator("textarea").fill("")
    assert shown(page) == ["<|endoftext|>"]
    expect(page.locator(".note")).to_contain_text("start token alone")
    expect_known(page, 0, "")


def test_without_a_start_token_the_text_comes_first(box):
    page = box(bare=1)
    assert shown(page) == ["The", "␣cat", "␣sat"]


def test_a_space_left_at_the_end_is_explained_and_can_be_removed(box):
    page = box()
    page.locator("textarea").press("End")
    page.keyboard.type(" ")
    expect(page.locator(".note")).to_contain_text("A space at the end")
    page.locator(".remove").click()
    expect(page.locator("textarea")).to_have_value("The cat sat")
    expect(page.locator(".note")).to_have_text("")
    expect_known(page, 0, "The cat sat")


def test_half_a_character_becomes_the_replacement_character(box):
    page = box()
    page.locator("textarea").evaluate(
        "area => { area.value = 'a\\ud83db'; area.dispatchEvent(new Event('input')); }"
    )
    assert shown(page) == labels("a\ufffdb")
    expect_known(page, 0, "a\ufffdb")


# The longest time in which the page could not answer.
HEARTBEAT = """() => {
    globalThis.worst = 0;
    let last = performance.now();
    setInterval(() => {
        worst = Math.max(worst, performance.now() - last);
        last = performance.now();
    }, 5);
}"""


def paste(page, text):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.evaluate(HEARTBEAT)
    page.keyboard.press("Control+V")


def test_a_pasted_megabyte_keeps_its_end_and_freezes_nothing(box):
    page = box()
    page.locator("textarea").press("End")
    paste(page, " word" * 209_715 + " the end")
    expect(page.locator(".note")).to_contain_text(re.compile("^More than [0-9,]+ earlier tokens"))
    page.keyboard.type("!")
    assert page.locator(".piece").count() == 256
    assert shown(page)[-3:] == ["␣the", "␣end", "!"]
    assert page.locator("textarea").input_value().endswith("word the end!")
    # Where the browser inserts all of it this is 4,500 ms and more; 100 ms on a quiet machine.
    assert page.evaluate("worst") < 1500


def test_a_long_paste_in_the_middle_leaves_the_cursor_after_it(box):
    page = box(text="before after")
    page.locator("textarea").evaluate("area => { area.focus(); area.setSelectionRange(7, 7); }")
    paste(page, "word " * 3000)
    page.keyboard.type("!")
    assert page.locator("textarea").input_value() == f"before {'word ' * 3000}!after"
    expect_known(page, 0, f"before {'word ' * 3000}!after")


def test_a_script_that_sets_a_megabyte_is_cut_too(box):
    page = box()
    page.locator("textarea").evaluate(
        "area => { area.value = 'word '.repeat(209715) + 'the end';"
        " area.dispatchEvent(new Event('input')); }"
    )
    assert shown(page)[-2:] == ["␣the", "␣end"]
    assert len(page.locator("textarea").input_value()) == 20_000


def test_the_vocabulary_may_come_after_the_box(box):
    page = box(late=1)
    assert shown(page) == labels("The cat sat")


def test_the_vocabulary_takes_no_room(box):
    page = box()
    first = page.get_by_text("Example").bounding_box()
    late = box(late=1).get_by_text("Example").bounding_box()
    assert first == late


def test_equal_tokens_stay_equal_at_any_vocabulary_size(box):
    page = box(vocab_size=257, text="aa")
    assert shown(page) == ["<|endoftext|>", "a", "a"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing_and_nothing_overflows(box, page, scheme, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    box(text="The cat sat " + "-" * 64 + " " * 40 + ODD[1])
    page.locator(".toggle").click()
    page.locator(".piece").nth(2).click()
    expect_known(page, 1, 2)
    found = Axe().run(page, ".st-key-holder").response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) == 0
    inside = "root => root.scrollWidth - root.clientWidth"
    assert page.locator(".pieces").evaluate(inside) == 0


def test_a_full_context_moves_on_one_token_at_a_time(box):
    page = box(block_size=8, text="one two three four five six seven")
    page.locator("textarea").press("End")
    for typed in (" eight", " nine", " ten", ".", " Il", "l", "\n"):
        page.keyboard.type(typed)
        text = page.locator("textarea").input_value()
        assert shown(page) == labels(text)[-8:]
    page.locator("textarea").press("Home")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Delete")
    assert shown(page) == labels(text[1:])[-8:]
    colours = "nodes => nodes.map(node => getComputedStyle(node).backgroundColor)"
    tints = page.locator(".piece").evaluate_all(colours)
    assert tints[:2] == tints[6:8]
    assert len(set(tints)) == 6
