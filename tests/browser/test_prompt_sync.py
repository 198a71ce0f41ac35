"""Which text wins: the prompt box alone, without a server, each answer of Python's by hand."""

import pytest

from pages.components.element import ASSETS

pytestmark = pytest.mark.browser

MOUNT = """async code => {
    document.body.innerHTML = '<div class=root></div>';
    globalThis.sent = [];
    const module = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    const { default: element } = await import(module);
    const fixed = { vocab_size: 512, block_size: 16, has_start: true, ids: null, focus: null };
    globalThis.python = (text, heard) => element({
        parentElement: document, data: { ...fixed, text, heard },
        setStateValue: (name, value) => sent.push(value), setTriggerValue: () => {},
    });
}"""


@pytest.fixture
def box(page):
    page.evaluate(MOUNT, (ASSETS / "prompt" / "index.js").read_text(encoding="utf-8"))
    return page


def answer(page, text, heard):
    page.evaluate("([text, heard]) => { python(text, heard); }", [text, heard])
    return page.locator("textarea").input_value()


def send(page, text):
    page.locator("textarea").fill(text)
    page.keyboard.press("Control+Enter")
    return page.evaluate("sent.at(-1)")


def test_an_answer_to_an_earlier_text_changes_nothing(box):
    assert answer(box, "old", 0) == "old"
    assert send(box, "mine") == {"text": "mine", "serial": 1}
    assert answer(box, "from a run that had not heard", 0) == "mine"
    assert answer(box, "mine", 1) == "mine"


def test_a_change_by_python_that_has_heard_everything_is_shown(box):
    answer(box, "old", 0)
    send(box, "mine")
    assert answer(box, "mine, and generated", 1) == "mine, and generated"


def test_two_texts_on_their_way_end_with_the_second(box):
    answer(box, "old", 0)
    send(box, "one")
    assert send(box, "one two") == {"text": "one two", "serial": 2}
    assert answer(box, "one", 1) == "one two"
    assert answer(box, "one two", 2) == "one two"


def test_what_is_not_sent_yet_stays_and_is_sent(box):
    answer(box, "old", 0)
    box.locator("textarea").fill("half a wor")
    assert answer(box, "generated", 0) == "half a wor"
    box.locator("textarea").press_sequentially("d")
    box.wait_for_function("sent.length === 1")
    assert box.evaluate("sent[0].text") == "half a word"


def test_a_box_that_is_mounted_again_goes_on_counting(box):
    answer(box, "old", 7)
    assert send(box, "new") == {"text": "new", "serial": 8}


def test_a_text_under_composition_is_not_written_over(box):
    answer(box, "old", 0)
    area = box.locator("textarea")
    area.dispatch_event("compositionstart")
    assert answer(box, "generated", 0) == "old"
    area.dispatch_event("compositionend")
    assert area.input_value() == "generated"


def test_the_cursor_stays_where_it_was(box):
    answer(box, "one two", 0)
    area = box.locator("textarea")
    area.evaluate("area => area.setSelectionRange(3, 3)")
    answer(box, "one two three", 0)
    assert area.evaluate("area => area.selectionStart") == 3
    area.evaluate("area => area.setSelectionRange(13, 13)")
    answer(box, "one two three four", 0)
    assert area.evaluate("area => area.selectionStart") == 18


def test_a_carriage_return_of_pythons_is_not_taken_for_typing(box):
    answer(box, "a\r\nb", 0)
    box.locator("textarea").blur()
    box.wait_for_timeout(400)
    assert box.evaluate("sent") == []


def test_nothing_is_sent_twice(box):
    answer(box, "old", 0)
    send(box, "mine")
    box.locator("textarea").blur()
    box.wait_for_timeout(400)
    assert box.evaluate("sent.length") == 1
