import pytest
from asking import image_run

from glm4v_ros.engine.chat_template import ChatTemplate, Picture
from glm4v_ros.engine.prompt import PromptComposer
from glm4v_ros.engine.question import Question
from glm4v_ros.engine.session import History, Turn
from glm4v_ros.errors import BadRequest, ContextFull, Unsupported
from glm4v_ros.vision.tower import ImageTokens

SOURCE = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
AROUND = len("<user>" + "<assistant>")


def picture(key, cells=6):
    return Picture(key, 0, ImageTokens((image_run(cells),)))


def composer(longest=1000, most_images=0):
    return PromptComposer(ChatTemplate(SOURCE, lambda text, special: tuple(map(ord, text))), longest, most_images)


def asked(text="what?", **fields):
    return Question(text, "q", **fields)


def talk(*turns):
    history = History()
    for text, *pictures in turns:
        history = history.with_turn(Turn(text, tuple(pictures), "yes", None))
    return history


def text_of(prompt):
    return "".join(map(chr, prompt.layout.text))


def test_a_question_with_its_picture():
    shown = picture("a")
    prompt = composer().compose(asked(), (shown,), History())
    assert text_of(prompt) == "<user>what?<assistant>" and prompt.layout.frame_keys == {"a"}
    assert prompt.pictures == (shown,) and not prompt.history.turns


def test_history_comes_first():
    prompt = composer().compose(asked("and now?"), (), talk(("what?", picture("a"))))
    assert text_of(prompt) == "<user>what?<assistant>yes<user>and now?<assistant>" and prompt.pictures == ()


def test_the_sessions_own_picture_is_not_shown_twice():
    prompt = composer().compose(asked(), (picture("a"),), talk(("what?", picture("a"))))
    assert prompt.pictures == () and prompt.layout.image_cells == 6
    prompt = composer().compose(asked(), (picture("b"),), talk(("what?", picture("a"))))
    assert prompt.layout.frame_keys == {"a", "b"}


def test_without_any_picture_there_is_nothing_to_ask_about():
    with pytest.raises(BadRequest, match="send an image"):
        composer().compose(asked(), (), History())


@pytest.mark.parametrize("most, history", [(1, talk(("what?", picture("a")))), (2, talk(("1", picture("a")), ("2", picture("b"))))])
def test_no_more_images_than_the_model_takes(most, history):
    composer(most_images=most).compose(asked(), (picture("c"),), History())
    with pytest.raises(Unsupported, match=f"takes {most} image.*reset this session"):
        composer(most_images=most).compose(asked(), (picture("c"),), history)


def test_the_oldest_turns_are_dropped_until_a_quarter_of_the_context_is_free():
    history = talk(("1" * 50, picture("a")), *((str(n) * 50,) for n in range(2, 8)))
    whole = composer().compose(asked(max_tokens=16), (), history)
    assert whole.history is history
    longest = whole.layout.cells + 15  # one token too little for the least answer
    shorter = composer(longest).compose(asked(max_tokens=16), (), history)
    assert shorter.layout.cells + 16 <= 0.75 * longest < shorter.layout.cells + 16 + 50 + len("yes") + AROUND
    assert shorter.history.turns[-1] == history.turns[-1]
    assert shorter.layout.frame_keys == {"a"}  # what the questions are about stays


def test_a_picture_whose_turns_were_all_dropped_goes_with_the_question():
    history = talk(("1" * 50, picture("a")))
    alone = composer().compose(asked(), (picture("a"),), History()).layout.cells
    prompt = composer(alone + 16).compose(asked(), (), history)
    assert not prompt.history.turns and [p.frame_key for p in prompt.pictures] == ["a"]
    assert prompt.layout.cells == alone


def test_what_cannot_fit_even_alone_is_refused_with_its_figures():
    alone = composer().compose(asked(), (picture("a"),), History()).layout.cells
    with pytest.raises(ContextFull, match=f"takes {alone} of {alone + 15} context tokens"):
        composer(alone + 15).compose(asked(), (picture("a"),), talk(("what?", picture("b"))))
