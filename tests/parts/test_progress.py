"""Every block is met once, in order, and who waits is told how far it is."""

from types import SimpleNamespace
from typing import Any

from pages.parts import progress


def trace_of(blocks) -> Any:
    return SimpleNamespace(blocks=blocks)


class Bar:
    def __init__(self):
        self.told, self.is_gone = [], False

    def progress(self, share, words):
        self.told.append((share, words))

    def empty(self):
        self.is_gone = True


def test_blocks_that_are_worked_out_when_read_come_with_progress(monkeypatch):
    bar = Bar()
    monkeypatch.setattr(progress.st, "progress", lambda *told: bar.progress(*told) or bar)
    blocks = list(progress.each_block(trace_of(["a", "b"]), "Looking"))
    assert blocks == ["a", "b"]
    assert bar.told == [
        (0.0, "Looking: block 1 of 2"),
        (0.5, "Looking: block 2 of 2"),
        (1.0, "Looking: block 2 of 2"),
    ]
    assert bar.is_gone


def test_blocks_that_are_there_already_come_without(monkeypatch):
    monkeypatch.setattr(progress.st, "progress", None)
    assert list(progress.each_block(trace_of(("a", "b")), "Looking")) == ["a", "b"]
