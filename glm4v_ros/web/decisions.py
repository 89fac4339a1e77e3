"""/v1/decisions: questions with given answers, each with its probability."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse

from glm4v_ros.engine.answer import Answer
from glm4v_ros.errors import Busy, ContextFull, Unsupported, VqaError
from glm4v_ros.web.asker import Inquiry, Reply
from glm4v_ros.web.asking import Asking, unless_gone
from glm4v_ros.web.conversation import Turn, read_content, read_conversation, read_input
from glm4v_ros.web.fields import Fields
from glm4v_ros.web.problem import invalid, unsupported
from glm4v_ros.web.service import Service, figures, with_question

_MOST_QUESTIONS = 400  # as OpenAI's API has it
_MOST_CHOICES = 64  # as policy/question_check.py has it; OpenAI's API takes 255
_AT_ONCE = 4  # of one request's questions, lest it fills the queue alone
_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True)
class _Asked:
    """One question of a request: what the model is asked, what it may answer, and what that means."""

    kind: str  # predicate, choice, score
    name: str | None
    text: str
    choices: tuple[str, ...]  # as the model is given them
    values: tuple[str | bool, ...]  # as the request has them

    def answer(self, answer: Answer) -> dict:
        if answer.choice_index < 0:  # a preset that may not say this, for instance
            return self.refusal
        probabilities = [float(one) for one in answer.choice_probabilities]
        common = {"type": self.kind, "name": self.name}
        if self.kind == "predicate":
            return {**common, "probability": probabilities[0]}
        if self.kind == "choice":
            return {
                **common, "choice": self.values[answer.choice_index], "confidence": probabilities[answer.choice_index],
                "probabilities": [
                    {"value": value, "probability": one} for value, one in zip(self.values, probabilities)
                ],
            }  # fmt: skip
        return {
            **common, "score": sum(level * one for level, one in enumerate(probabilities)),
            "confidence": max(probabilities),
            "probabilities": [
                {"value": level, "label": label, "probability": one}
                for level, (label, one) in enumerate(zip(self.values, probabilities))
            ],
        }  # fmt: skip

    @property
    def refusal(self) -> dict:
        return {"type": "refusal", "name": self.name}


class Decisions:
    """The endpoint. Questions are asked a few at a time; all but the first pay only for their own words."""

    def __init__(self, service: Service):
        self._service = service

    async def post(self, request: Request):
        body, owner, model, options = await self._service.read_call(request)
        asked = [_read_question(question) for question in body.objects("questions", _MOST_QUESTIONS)]
        if not asked:
            raise invalid("'questions' has at least one question", "questions", "missing_required_parameter")
        turns = read_input(body)
        turns.append(Turn("user"))  # to which each question is added
        said = await read_conversation(turns, owner, self._service.pictures, "input", silent=True)
        inquiry = self._service.inquiry(owner, said, options, {})
        if inquiry.question.session_id:
            raise unsupported("decisions have no session", "glm4v.session")
        replies = await unless_gone(request.receive, self._ask_all(inquiry, asked))
        told = [one for one in replies if isinstance(one, Reply)]
        if not told:
            raise next(one for one in replies if isinstance(one, VqaError))
        answers = [
            one.answer(reply.answer) if isinstance(reply, Reply) else one.refusal for one, reply in zip(asked, replies)
        ]  # fmt: skip
        return JSONResponse({"model": model, "answers": answers, "usage": usage([one.answer for one in told]),
                             "glm4v": figures(told[0])})  # fmt: skip

    async def _ask_all(self, inquiry: Inquiry, asked: list[_Asked]) -> list[Reply | VqaError]:
        loop = asyncio.get_running_loop()
        until = loop.time() + inquiry.question.timeout
        room = asyncio.Semaphore(_AT_ONCE)

        async def ask(one: _Asked, patient: bool) -> Reply | VqaError:
            text = "\n".join(filter(None, (inquiry.question.text, one.text)))
            while True:
                left = max(0.05, until - loop.time())  # the request's time is that of all its questions
                try:
                    async with room, Asking(self._service.asker, with_question(
                        inquiry, text=text, choices=one.choices, timeout=left, max_tokens=1,
                    )) as asking:  # fmt: skip
                        return await asking.reply()
                except Busy as error:
                    if not patient or loop.time() + error.retry_after > until:
                        raise
                    await asyncio.sleep(min(1.0, max(0.05, error.retry_after)))
                except (ContextFull, Unsupported) as error:  # this question's own trouble
                    return error

        first = await ask(asked[0], patient=False)  # so that the picture is encoded once, and a full queue told at once
        return [first, *await _together([ask(one, patient=True) for one in asked[1:]])]


async def _together(work: list[Coroutine]) -> list:
    """As gather, but nothing goes on once one has failed."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def usage(answers: list[Answer]) -> dict:
    read = sum(answer.prompt_tokens for answer in answers)
    written = sum(answer.completion_tokens for answer in answers)
    return {
        "input_tokens": read, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": written, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": read + written,
    }  # fmt: skip


def _read_question(question: Fields) -> _Asked:
    kind = question.one_of("type", ("predicate", "choice", "score"))
    name = question.text("name", "", most=200) or None
    turns: list[Turn] = []
    read_content(turns, "user", Fields({"content": question.raw("instructions")}, question.path("instructions")))
    text = turns[0].text
    if not text.strip():
        raise invalid(f"'{question.path('instructions')}' is empty", question.path("instructions"))
    if turns[0].urls:
        raise unsupported("pictures belong to 'input', which all questions share", question.path("instructions"))
    if kind == "predicate":
        chinese = bool(_CHINESE.search(text))
        if not text.rstrip().endswith(("?", "\uff1f")):
            text += "\n这对吗?" if chinese else "\nIs this true?"
        return _Asked(kind, name, text, ("是", "否") if chinese else ("yes", "no"), (True, False))
    key, field, most = ("choices", "value", _MOST_CHOICES) if kind == "choice" else ("levels", "label", 10)
    options = list(question.objects(key, most))
    if len(options) < 2:
        raise invalid(f"'{question.path(key)}' has 2 to {most} entries", question.path(key))
    values = tuple(_value(option, field, booleans=kind == "choice") for option in options)
    if len({(type(value), value) for value in values}) < len(values):
        raise invalid(f"'{question.path(key)}': each one differs from the others", question.path(key))
    lines = [f"{label}: {option.text('description')}" for option, label in zip(options, _labels(values))
             if "description" in option]  # fmt: skip
    return _Asked(kind, name, "\n".join([text, *lines]), _labels(values), values)


def _value(option: Fields, field: str, booleans: bool) -> str | bool:
    if booleans and isinstance(option.raw(field), bool):
        return option.raw(field)
    text = option.text(field, most=500)
    if not text.strip():
        raise invalid(f"'{option.path(field)}' is empty", option.path(field))
    return text


def _labels(values: tuple[str | bool, ...]) -> tuple[str, ...]:
    """How the model is told each value: a boolean is true or false, in quotes where a string of the same text is
    there too."""
    texts = {value for value in values if isinstance(value, str)}
    labels = []
    for value in values:
        label = value if isinstance(value, str) else json.dumps(value)
        while isinstance(value, bool) and label in texts:
            label = f"`{label}`"
        labels.append(label)
    return tuple(labels)
