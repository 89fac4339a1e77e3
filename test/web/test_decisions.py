"""/v1/decisions: several questions about one picture, each answer with its probability."""

from concurrent.futures import Future

import pytest
from messages import MODEL, data_url, decide, png

from glm4v_ros.engine.answer import Answer, FinishReason
from glm4v_ros.errors import Busy, ContextFull

PATH = "/v1/decisions"


@pytest.fixture
def weighing(web, monkeypatch):
    """The engine's answers weigh the choices 1, 2, 3 ...; a question with "long" in it fits into no context."""
    asked = []

    def ask(question, frames, on_delta=None):
        asked.append((question, frames))
        future = Future()
        if "long" in question.text:
            future.set_exception(ContextFull("too long"))
            return future
        total = sum(range(1, len(question.choices) + 1))
        shares = tuple(number / total for number in range(1, len(question.choices) + 1))
        best = len(shares) - 1
        future.set_result(Answer(question.request_id, question.choices[best], FinishReason.STOP, choice_index=best,
                                 choice_probabilities=shares, confidence=shares[best], prompt_tokens=10, completion_tokens=1))  # fmt: skip
        return future

    monkeypatch.setattr(web.engine, "ask", ask)
    return asked


def test_predicate_choice_and_score(web, weighing):
    answered = web.post(PATH, decide(
        {"type": "predicate", "name": "lit", "instructions": "The lamp is lit."},
        {"type": "predicate", "instructions": "灯亮着吗?"},
        {"type": "choice", "name": "colour", "instructions": "Which colour?",
         "choices": [{"value": "red", "description": "as blood"}, {"value": True}, {"value": "true"}]},
        {"type": "score", "instructions": [{"type": "input_text", "text": "How clean?"}],
         "levels": [{"label": "dirty"}, {"label": "dusty"}, {"label": "clean"}]},
    ))  # fmt: skip
    assert answered.status == 200
    lit, on, colour, clean = answered.json["answers"]
    assert lit == {"type": "predicate", "name": "lit", "probability": pytest.approx(1 / 3)}
    assert on["name"] is None
    assert colour["choice"] == "true" and colour["confidence"] == 0.5
    assert [one["value"] for one in colour["probabilities"]] == ["red", True, "true"]
    assert clean["score"] == pytest.approx((0 + 2 + 6) / 6) and clean["confidence"] == 0.5
    assert [(one["value"], one["label"]) for one in clean["probabilities"]] == [
        (0, "dirty"),
        (1, "dusty"),
        (2, "clean"),
    ]
    assert answered.json["usage"]["input_tokens"] == 40
    texts = {question.text: question.choices for question, _ in weighing}
    assert texts["The lamp is lit.\nIs this true?"] == ("yes", "no")
    assert texts["灯亮着吗?"] == ("是", "否")
    choices = texts["Which colour?\nred: as blood"]
    assert choices[0] == "red" and choices[2] == "true" and choices[1] not in ("red", "true")
    assert len({id(frames[0]) for _, frames in weighing}) == 1  # one frame, so that it is encoded once


def test_a_question_that_cannot_be_answered_is_refused_alone(web, weighing):
    fine, long = (
        {"type": "predicate", "instructions": "Is it?"},
        {"type": "predicate", "name": "x", "instructions": "long?"},
    )
    assert [one["type"] for one in web.post(PATH, decide(fine, long, fine)).json["answers"]] == [
        "predicate",
        "refusal",
        "predicate",
    ]
    assert [one["type"] for one in web.post(PATH, decide(long, fine)).json["answers"]] == ["refusal", "predicate"]
    alone = web.post(PATH, decide(long))
    assert alone.status == 400 and alone.error["code"] == "context_length_exceeded"


def test_a_queue_that_is_full_for_a_moment_is_waited_for(web, weighing, monkeypatch):
    answer, refusals = web.engine.ask, iter([False, True, True, False, False])

    def ask(question, frames, on_delta=None):
        if next(refusals, False):
            raise Busy("full", retry_after=0.05)
        return answer(question, frames, on_delta)

    monkeypatch.setattr(web.engine, "ask", ask)
    fine = {"type": "predicate", "instructions": "Is it?"}
    assert len(web.post(PATH, decide(fine, fine, fine)).json["answers"]) == 3
    refusals = iter([True])
    assert web.post(PATH, decide(fine)).status == 429


@pytest.mark.parametrize(
    "change, param",
    [
        ({"questions": []}, "questions"),
        ({"questions": [{"type": "riddle", "instructions": "x"}]}, "questions[0].type"),
        ({"questions": [{"type": "predicate"}]}, "questions[0].instructions"),
        ({"questions": [{"type": "choice", "instructions": "x", "choices": [{"value": "a"}]}]}, "questions[0].choices"),
        ({"questions": [{"type": "choice", "instructions": "x", "choices": [{"value": "a"}] * 2}]}, "questions[0].choices"),
        ({"questions": [{"type": "choice", "instructions": "x", "choices": [{"value": str(i)} for i in range(65)]}]}, "questions[0].choices"),
        ({"questions": [{"type": "choice", "instructions": "x", "choices": [{"value": 1}, {"value": 2}]}]}, "questions[0].choices[0].value"),
        ({"questions": [{"type": "score", "instructions": "x", "levels": [{"label": "a"}, {"label": True}]}]}, "questions[0].levels[1].label"),
        ({"input": []}, "input"),
        ({"input": [{"type": "function_call", "name": "x"}]}, "input[0].type"),
        ({"glm4v": {"session": "x"}}, "glm4v.session"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(web, change, param):
    answered = web.post(PATH, {**decide({"type": "predicate", "instructions": "x"}), **change})
    assert answered.status == 400 and answered.error["param"] == param


def test_words_beside_the_picture_belong_to_every_question(web, weighing):
    content = [{"type": "input_text", "text": "It is night."}, {"type": "input_image", "image_url": data_url(png(1))}]
    body = {
        "model": MODEL,
        "input": [{"role": "user", "content": content}],
        "questions": [{"type": "predicate", "instructions": "Is it?"}],
    }
    assert web.post(PATH, body).status == 200
    assert weighing[0][0].text == "It is night.\nIs it?"
