"""Answers from an engine on this machine, without ROS."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Union

from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.answer import Answer, Delta, Stage
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.errors import UnknownCamera, Unsupported, VqaError
from glm4v_ros.policy import question_check
from glm4v_ros.policy.abstention import judged
from glm4v_ros.policy.language import with_language
from glm4v_ros.policy.preset import Preset, find_preset, load_presets
from glm4v_ros.vision.enhance import crop, enhanced
from glm4v_ros.vision.frame import Frame
from glm4v_ros.web.asker import (
    CameraPicture,
    Found,
    Inquiry,
    ModelCard,
    Region,
    Reply,
    State,
    session_of,
)
from glm4v_ros.web.pictures import PictureStore, StoredPicture
from glm4v_ros.web.print_checks import PrintChecks

_DEFAULT_MAX_TOKENS = 256  # as `glm4v ask` has it


class EngineAsker:
    """Asker over an EngineClient."""

    def __init__(self, client: EngineClient, model: Model, pictures: PictureStore, capacity: int,
                 *, default_preset: str = "default", allow_demo_model: bool = False,
                 checks: PrintChecks | None = None):  # fmt: skip
        """Without ``checks`` no answer is compared with what a second reader reads."""
        self._client, self._model, self._pictures, self._capacity = client, model, pictures, capacity
        self._card = ModelCard(model.name, int(model.text_path.stat().st_mtime), model.demo)
        self._presets = load_presets()
        self._default_preset = default_preset
        self._allow_demo_model = allow_demo_model
        self._checks = checks

    @property
    def models(self) -> tuple[ModelCard, ...]:
        return (self._card,)

    @property
    def presets(self) -> tuple[str, ...]:
        """Those that run here."""
        return tuple(
            name for name, preset in self._presets.items()
            if not preset.medicine_rule and (self._allow_demo_model or preset.demo_model or not self._model.demo)
        )  # fmt: skip

    @property
    def verify(self) -> str:
        return self._checks.default if self._checks else "off"

    @property
    def cameras(self) -> tuple[str, ...]:
        return ()

    @property
    def capacity(self) -> int:
        return self._capacity

    @property
    def retry_after(self) -> float:
        return self._client.retry_after

    @property
    def state(self) -> State:
        status = self._client.status
        reason = status.failed or ("" if status.loaded else f"{status.model} is being loaded")
        return State(
            ready=status.loaded and not status.failed, reason=reason, running=status.running,
            queued=status.queue_length,
            stage=status.stage, device=status.device,
            tokens_per_second=status.tokens_per_second,
            worker_restarts=status.worker_restarts, resident_mib=status.resident_mib,
        )  # fmt: skip

    async def ask(self, inquiry: Inquiry) -> AsyncIterator[Union[Delta, Reply]]:
        if inquiry.cameras:
            raise UnknownCamera(f"there is no camera '{inquiry.cameras[0][:64]}' here; send a picture")
        question = self._question(inquiry)
        question_check.check_words(question)  # before anything is decoded
        loop = asyncio.get_running_loop()
        regions = inquiry.regions or (None,) * len(inquiry.pictures)
        frames = [await self._frame(*one, inquiry.enhance) for one in zip(inquiry.pictures, regions)]
        question_check.check(question, frames)
        news: deque[Union[Delta, Answer, VqaError]] = deque()
        come = asyncio.Event()

        def tell(item) -> None:  # from the client's thread; the loop may be closed by the time of an answer
            news.append(item)
            if len(news) == 1:  # else the loop knows already, and need not wake once more
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(come.set)

        if inquiry.verify == "required" and not self._checks:
            raise Unsupported("this server has no second reader: ask without glm4v.verify")
        check = self._checks and self._checks.of(inquiry, question, frames, self._client.status.gpu_offload)
        future = self._client.ask(question, frames, check.listening(tell) if check else tell)
        future.add_done_callback(lambda done: tell(done.exception() or done.result()))
        try:
            while True:
                while not news:
                    come.clear()
                    await come.wait()
                item = news.popleft()
                if isinstance(item, Exception):
                    raise item
                if isinstance(item, Answer):
                    answer, found = judged(item), Found()
                    if check:
                        yield Delta(question.request_id, Stage.CHECKING)
                        answer, found = await check.judged(answer)
                    yield Reply(answer, inquiry.seen, found)
                    return
                yield item
        finally:
            if check:
                check.cancel()
            if not future.done():
                self._client.cancel(question.request_id)

    async def look(self, camera: str, after: float, timeout: float) -> CameraPicture:
        raise UnknownCamera("this server has no cameras; it shows them where it runs beside the node vqa")

    def reset_session(self, owner: str, session_id: str) -> None:
        self._client.reset_session(session_of(owner, session_id))

    def _question(self, inquiry: Inquiry):
        question, preset = inquiry.question, self._preset(inquiry.preset)
        language = inquiry.language or preset.language
        question_check.check_language(language)
        return replace(
            question,
            system_prompt=with_language(question.system_prompt or preset.system_prompt, language),
            max_tokens=question.max_tokens or preset.max_tokens or _DEFAULT_MAX_TOKENS,
            session_id=inquiry.session_id,
            needs_picture=bool(inquiry.session_id),  # which may have been forgotten, with what the question is about
        )

    def _preset(self, name: str) -> Preset:
        preset = find_preset(self._presets, name or self._default_preset)
        if not self._allow_demo_model:
            preset.check_model(self._model.demo)
        if preset.medicine_rule:
            raise Unsupported(
                f"preset '{preset.name}' reads a medicine from two pictures that must agree, which only the node vqa "
                "does; ask there, or choose another preset"
            )
        return preset

    async def _frame(self, picture: StoredPicture, region: Region | None, how: str) -> Frame:
        whole = await self._pictures.frame(picture)
        if region is None and how == "none":
            return whole

        def make():
            rgb = whole.rgb if region is None else crop(whole.rgb, region.x, region.y, region.width, region.height)
            return enhanced(rgb, how)

        return await self._pictures.made((picture.key, region, how), make)
