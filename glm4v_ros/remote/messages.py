"""A question in OpenAI's terms. Nothing is remembered there, so that each one brings its past along."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from glm4v_ros.engine.question import Question


def chat_messages(question: Question, urls: Sequence[str]) -> list[dict]:
    """For /v1/chat/completions; ``urls`` are the pictures in order, those of the past first."""
    messages = [{"role": "system", "content": question.system_prompt}] if question.system_prompt else []
    for text, shown, answer in _turns(question, urls):
        parts = [{"type": "image_url", "image_url": {"url": url}} for url in shown]
        messages.append({"role": "user", "content": [*parts, {"type": "text", "text": text}] if parts else text})
        if answer is not None:
            messages.append({"role": "assistant", "content": answer})
    return messages


def decision_input(question: Question, urls: Sequence[str]) -> list[dict]:
    """For /v1/decisions, whose question comes beside its input."""
    messages = []
    if question.system_prompt:
        messages.append(_message("system", [{"type": "input_text", "text": question.system_prompt}]))
    for text, shown, answer in _turns(question, urls):
        parts = [{"type": "input_image", "image_url": url} for url in shown]
        if answer is not None:
            messages.append(_message("user", [*parts, {"type": "input_text", "text": text}]))
            messages.append(_message("assistant", [{"type": "output_text", "text": answer}]))
        elif parts:
            messages.append(_message("user", parts))
    return messages


def _message(role: str, parts: list[dict]) -> dict:
    return {"type": "message", "role": role, "content": parts}


def _turns(question: Question, urls: Sequence[str]) -> Iterator[tuple[str, list[str], str | None]]:
    """Text, pictures and answer of each turn; the last has no answer yet."""
    left = iter(urls)
    for one in question.past:
        yield one.text, list(islice(left, one.pictures)), one.answer
    yield question.text, list(left), None
