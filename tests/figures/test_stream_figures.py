"""Figures of the residual stream and the neurons draw the arrays they are given."""

from typing import Any

import numpy as np

from pages.figures.feed_forward import numbers_figure
from pages.figures.residual import lengths_figure, ranks_figure


def drawn(figure) -> list[Any]:
    return list(figure.data)


def test_each_token_has_a_line_and_the_chosen_one_lies_on_top():
    lengths = np.arange(1.0, 16.0).reshape(5, 3)
    figure = lengths_figure(lengths, ["a", "b", "<b>"], chosen=1, theme="light")
    assert len(drawn(figure)) == 3
    assert np.array_equal(drawn(figure)[-1].y, lengths[:, 1])
    assert list(drawn(figure)[0].x) == [
        "input",
        "1 attention",
        "1 feed-forward",
        "2 attention",
        "2 feed-forward",
    ]
    assert figure.to_dict()["layout"]["yaxis"]["title"]["text"] == "length of the vector"


def test_a_token_is_never_read_as_markup():
    figure = ranks_figure(np.ones((3, 1), int), ["<b>"], chosen=0, theme="dark")
    assert drawn(figure)[0].name.startswith("&lt;b&gt;")


def test_rank_one_is_on_top():
    figure = ranks_figure(np.array([[9, 4], [1, 1]]), ["a", "b"], chosen=0, theme="light")
    assert figure.to_dict()["layout"]["yaxis"]["autorange"] == "reversed"
    assert list(drawn(figure)[-1].y) == [9, 1]


def test_each_block_has_a_box_of_its_numbers():
    pre = [np.arange(4, dtype=np.float32) + block for block in range(3)]
    figure = numbers_figure(pre, chosen=1, theme="light")
    assert [box.name for box in drawn(figure)] == ["block 1", "block 2", "block 3"]
    assert np.array_equal(drawn(figure)[2].y, pre[2])
