"""Block diagrams: questions against the graph that is drawn, boxes that do not overlap."""

import numpy as np
import pytest

from training.pictures.vector import NoRoom, Sheet, arrows, diagram
from training.pictures.vector.diagram import Graph

FORK = Graph(["Start", "Filter", "Cache", "Left", "Right"], [[0], [1], [2], [3, 4]], [(0, 1), (1, 2), (2, 3), (2, 4)])
CHAIN = Graph(
    ["\u7528\u6237\u8bf7\u6c42", "\u7f51\u5173", "\u7f13\u5b58", "\u961f\u5217"],
    [[0], [1], [2], [3]],
    [(0, 1), (1, 2), (2, 3)],
)


def asked(graph, language="en", rounds=40):
    """Field, question, answer and tag of many draws."""
    for seed in range(rounds):
        for topic in diagram.topics(np.random.default_rng(seed), "train", graph):
            yield topic.field, *topic.ask(language, False), topic.tag


def test_a_fork_is_answered_with_both_branches():
    fields = set()
    for field, question, answer, tag in asked(FORK):
        fields.add(field)
        if tag == "absent":
            assert answer == "not visible" and not any(name in question for name in FORK.names)
        elif field == "branches":
            assert "Cache" in question and answer == "Left, Right"
        elif field == "next":
            name = next(name for name in FORK.names if name in question)
            assert answer == {"Start": "Filter", "Filter": "Cache"}.get(name, "none") and name != "Cache"
        elif field == "before":
            name = next(name for name in FORK.names if name in question)
            assert answer == {"Filter": "Start", "Cache": "Filter", "Left": "Cache", "Right": "Cache"}[name]
        elif field == "boxes":
            assert answer == "5"
        elif field == "arrows":
            assert answer == "4"
        assert field not in ("last", "through")  # two ends, and no way through
    assert {"branches", "next", "before", "boxes", "arrows", "first", "joined", "route"} <= fields


def test_two_ways_part_and_meet():
    graph = diagram.two_ways(["A", "B", "C", "D", "E", "F"])
    assert graph.layers == [[0], [1, 2], [3, 4], [5]] and graph.after(0) == [1, 2] and graph.before(5) == [3, 4]
    assert graph.after(1) == [3] and graph.after(2) == [4]
    apart = diagram.two_ways(["A", "B", "C", "D", "E"])
    assert apart.layers == [[0], [1, 2], [3, 4]] and not apart.after(3) and apart.line(1) == [3]


def test_what_a_request_passes_is_named_in_order():
    answers = [(question, answer) for field, question, answer, _ in asked(CHAIN, "zh") if field == "through"]
    assert answers
    for question, answer in answers:
        assert CHAIN.names[0] in question and "\u4e09" in question
        assert answer == "\u3001".join(CHAIN.names[1:])


def test_joined_boxes_are_joined():
    replies = set()
    for field, question, answer, _ in asked(CHAIN, "zh"):
        if field == "joined":
            first, second = sorted((name for name in CHAIN.names if name in question), key=question.index)
            if "紧跟着" in question or question.endswith("的下一个吗？"):  # the later one is named first
                first, second = second, first
            pair = CHAIN.names.index(first), CHAIN.names.index(second)
            assert (pair in CHAIN.arrows) == (answer == "\u662f")
            replies.add(answer)
    assert len(replies) == 2


@pytest.mark.parametrize("way", ("across", "down", "bends"))
def test_boxes_do_not_overlap(way):
    graph = CHAIN if way == "bends" else FORK
    widths = [90.0] * len(graph.names)
    centres = arrows.spread(graph.layers, widths, 30.0, 24.0, way, 260.0)
    for i, (x, y) in enumerate(centres):
        assert x >= 45 and y >= 15
        for u, v in centres[:i]:
            assert abs(x - u) >= 90 or abs(y - v) >= 30


def test_names_are_drawn_once_each():
    drawn = 0
    for seed in range(20):
        paper = Sheet(np.random.default_rng(seed), (560, 420), "train", 1.0)
        try:
            topics = diagram.paint(paper)
        except NoRoom:
            continue
        printed = paper.finish()[1]
        for topic in topics:
            if topic.tag == "diagram" and topic.field in ("first", "last"):
                assert printed.count(topic.ask("en", False)[1].replace(" ", "")) == 1
                drawn += 1
        count = next(topic.ask("en", False)[1] for topic in topics if topic.field == "boxes")
        assert 2 <= int(count) <= 8
    assert drawn > 20
