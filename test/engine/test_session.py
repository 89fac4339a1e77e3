from asking import image_run

from glm4v_ros.engine.chat_template import Picture
from glm4v_ros.engine.session import History, Turn
from glm4v_ros.vision.tower import ImageTokens

A, B = Picture("a", 0, None), Picture("b", 0, None)


def turn(text, *pictures):
    return Turn(text, pictures, f"answer to {text}", None)


def test_the_latest_picture_is_what_a_question_is_about():
    history = History().with_turn(turn("1", A)).with_turn(turn("2")).with_turn(turn("3", B)).with_turn(turn("4"))
    assert history.pictures == (B,) and history.all_pictures == (A, B)
    assert [message.text for message in history.messages][:3] == ["1", "answer to 1", "2"]


def test_a_dropped_turn_leaves_its_picture_behind():
    history = History().with_turn(turn("1", A)).with_turn(turn("2"))
    shorter = history.without_oldest()
    assert [t.text for t in shorter.turns] == ["2"] and shorter.turns[0].pictures == (A,)
    empty = shorter.without_oldest()
    assert not empty.turns and empty.pictures == (A,)


def test_a_dropped_turn_takes_an_outdated_picture_with_it():
    history = History().with_turn(turn("1", A)).with_turn(turn("2", B))
    assert history.without_oldest().all_pictures == (B,)


def shown(key, cells):
    return Picture(key, cells, ImageTokens((image_run(cells),)))


def test_more_tokens_of_a_picture_take_the_place_of_fewer():
    coarse, fine, other = shown("a", 4), shown("a", 9), shown("b", 4)
    history = History().with_turn(turn("1", coarse, other)).with_turn(turn("2"))
    assert history.sharper((fine,)).turns[0].pictures == (fine, other)
    assert history.sharper((fine,)).sharper((coarse,)).turns[0].pictures == (fine, other)
