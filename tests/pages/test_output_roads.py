"""The tree of roads: nothing taken is forgotten, and every node knows its exact text."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.sampling import random_numbers
from pages.parts.roads import MOST_NODES, Roads, Step, following

PROMPT = (10, 11, 12)


def taken(roads, *ids):
    for token_id in ids:
        roads = roads.take(Step(token_id, 0.5, 0.1))
    return roads


def test_undo_goes_back_one_token_and_the_road_stays_known():
    roads = taken(Roads(PROMPT), 1, 2)
    back = roads.back()
    assert back.ids() == (*PROMPT, 1)
    assert back.child(2) == roads.here
    assert back.take(Step(2, 0.5, 0.1)).here == roads.here
    assert Roads(PROMPT).back() == Roads(PROMPT)


def test_two_roads_share_their_beginning_and_end_apart():
    roads = taken(taken(Roads(PROMPT), 1, 2).back(), 3, 4)
    assert [roads.ids(end) for end in roads.ends()] == [(*PROMPT, 1, 2), (*PROMPT, 1, 3, 4)]


def test_a_cut_within_the_prompt_makes_its_rest_a_road():
    roads = taken(Roads(PROMPT), 1, 2)
    cut = roads.cut_to(1)
    assert cut.ids() == (10,)
    assert [cut.ids(end) for end in cut.ends()] == [(*PROMPT, 1, 2)]
    other = taken(cut, 9)
    assert {other.ids(end) for end in other.ends()} == {(*PROMPT, 1, 2), (10, 9)}


def test_a_cut_within_the_road_goes_back_along_it():
    roads = taken(Roads(PROMPT), 1, 2, 3)
    assert roads.cut_to(5).ids() == (*PROMPT, 1, 2)
    assert roads.cut_to(99).here == roads.here


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_every_node_keeps_its_text_whatever_is_taken_later(moves):
    roads, texts = Roads(PROMPT), {}
    for token_id, n_back in moves:
        for _ in range(n_back):
            roads = roads.back()
        roads = taken(roads, token_id)
        texts[roads.here] = roads.ids()
    assert {node: roads.ids(node) for node in texts} == texts
    assert len(set(texts.values())) == len(texts)


def test_a_text_is_followed_to_its_node_and_any_other_text_begins_a_tree():
    roads = taken(taken(Roads(PROMPT), 1, 2).back(), 3)
    assert following(roads, (*PROMPT, 1, 2)).here == 2
    assert following(roads, PROMPT).nodes == roads.nodes
    assert following(roads, (5,)) == Roads((5,))
    assert following(None, PROMPT) == Roads(PROMPT)


def test_a_tree_that_grows_too_large_keeps_the_road_it_is_on():
    roads = taken(Roads(PROMPT), *[1] * (MOST_NODES + 5))
    assert len(roads.nodes) < MOST_NODES
    assert roads.ids() == (*PROMPT, *[1] * (MOST_NODES + 5))


def test_a_seed_gives_each_position_one_number_wherever_it_is_asked_from():
    row = random_numbers(42, 0).random(20)
    assert np.array_equal(random_numbers(42, 7).random(13), row[7:])
    assert random_numbers(43, 7).random() != row[7]
