"""/metrics, for Prometheus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Union

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily

from glm4v_ros.engine.answer import Delta
from glm4v_ros.errors import VqaError
from glm4v_ros.web.asker import Asker, Inquiry, Reply
from glm4v_ros.web.pictures import PictureStore

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Counts requests and answers; the asker's state is read when somebody looks."""

    def __init__(self, asker: Asker, pictures: PictureStore):
        self._registry = CollectorRegistry(auto_describe=True)
        own = {"registry": self._registry}
        self._requests = Counter(
            "glm4v_http_requests", "HTTP requests; 499: the client went away", ["route", "status"], **own
        )
        self._seconds = Histogram("glm4v_http_request_seconds", "From a request's head to its answer's end", ["route"],
                                  buckets=_SECONDS, **own)  # fmt: skip
        self._questions = Counter("glm4v_questions", "Questions by how they ended", ["outcome"], **own)
        self._tokens = Counter("glm4v_tokens", "Tokens of answered questions", ["kind"], **own)
        self._first_token = Histogram(
            "glm4v_first_token_seconds", "From a question to its first token", buckets=_SECONDS, **own
        )
        self._latency = Histogram(
            "glm4v_answer_seconds", "From a question to its answer's end", buckets=_SECONDS, **own
        )
        self._registry.register(_StateCollector(asker, pictures))

    def request(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, status).inc()
        self._seconds.labels(route).observe(seconds)

    async def counted(self, events: AsyncIterator[Union[Delta, Reply]]) -> AsyncIterator[Union[Delta, Reply]]:
        """The same events, counted."""
        outcome = "canceled"
        try:
            async for item in events:
                if isinstance(item, Reply):
                    outcome = "answered"
                    self._tokens.labels("prompt").inc(item.answer.prompt_tokens)
                    self._tokens.labels("completion").inc(item.answer.completion_tokens)
                    self._first_token.observe(item.answer.time_to_first_token)
                    self._latency.observe(item.answer.latency)
                yield item
        except VqaError as error:
            outcome = error.code.name.lower()
            raise
        finally:
            self._questions.labels(outcome).inc()
            await events.aclose()

    @property
    def text(self) -> bytes:
        """Prometheus's text format, version 0.0.4."""
        return generate_latest(self._registry)


class CountedAsker:
    """An Asker whose questions are counted."""

    def __init__(self, asker: Asker, metrics: Metrics):
        self._asker, self._metrics = asker, metrics

    def __getattr__(self, name: str):
        return getattr(self._asker, name)

    def ask(self, inquiry: Inquiry) -> AsyncIterator[Union[Delta, Reply]]:
        return self._metrics.counted(self._asker.ask(inquiry))


class _StateCollector:
    def __init__(self, asker: Asker, pictures: PictureStore):
        self._asker, self._pictures = asker, pictures

    def collect(self):
        state = self._asker.state
        for name, about, value in (
            ("glm4v_ready", "1: questions are answered", float(state.ready)),
            ("glm4v_questions_running", "Questions being worked on", state.running),
            ("glm4v_questions_queued", "Questions that wait", state.queued),
            ("glm4v_questions_capacity", "Running and queued together that are taken", self._asker.capacity),
            ("glm4v_tokens_per_second", "Decoded lately, all answers together", state.tokens_per_second),
            ("glm4v_worker_restarts", "Workers that replaced one that failed", state.worker_restarts),
            ("glm4v_worker_resident_bytes", "Memory of the worker", state.resident_mib * 2**20),
            ("glm4v_pictures", "Uploaded pictures that are kept", len(self._pictures)),
            ("glm4v_picture_bytes", "Memory of pictures, files and decoded", self._pictures.nbytes),
        ):  # fmt: skip
            yield GaugeMetricFamily(name, about, value)
