"""What is open travels in the link, and a link may hold anything."""

import pytest

from pages.parts import session
from pages.parts.opened import close_panel, index_below, open_panel, opened, opened_index


@pytest.fixture
def link(monkeypatch):
    """Stand in for the address bar."""
    held = {"opened": ""}
    monkeypatch.setattr(session, "opened", lambda: held["opened"])
    monkeypatch.setattr(session, "select", held.update)
    return held


def test_each_name_keeps_what_was_pressed_last(link):
    open_panel("stream", 3, "cosine")
    open_panel("silence_stream-bars", "rank", "after", 17)
    open_panel("stream", 4, "added")
    open_panel("spread")
    assert link["opened"] == "silence_stream_bars-rank-after-17.stream-4-added.spread"
    assert opened("stream") == ("4", "added")
    assert opened("silence_stream-bars") == ("rank", "after", "17")
    assert opened("spread") == ()
    assert opened("ledger") is None
    assert opened_index("stream", 5) == 4
    close_panel("silence_stream-bars")
    assert link["opened"] == "stream-4-added.spread"


@pytest.mark.parametrize("field", ["", "x", "-1", "5", "99999999999999999999", "²", "٣", "1a"])
def test_a_field_that_is_no_index_opens_nothing(link, field):
    assert index_below(field, 5) is None
    link["opened"] = f"ledger-{field}"
    assert opened_index("ledger", 5) is None


@pytest.mark.parametrize("text", ["", ".", "...", "-", ".-.", "a" * 5000, "\x00-1", "é-☃"])
def test_any_text_can_stand_in_the_link(link, text):
    link["opened"] = text
    assert opened("ledger") is None
    open_panel("ledger", 2)
    assert opened_index("ledger", 3) == 2
