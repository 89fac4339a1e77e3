"""The web's questions, answered by the running node vqa."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, astuple
from typing import Any, Union

import cv2
from builtin_interfaces.msg import Duration
from sensor_msgs.msg import CompressedImage, RegionOfInterest

from glm4v_ros.client import PendingAnswer, VqaClient
from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage, TokenLogprob
from glm4v_ros.engine.question import Sampling
from glm4v_ros.engine.service_time import ServiceTime
from glm4v_ros.errors import NotActive, UnknownCamera, Unsupported, VqaError
from glm4v_ros.msg import Answer as AnswerMessage
from glm4v_ros.nodes.camera_view import CameraView
from glm4v_ros.nodes.vqa_watch import VqaWatch, seconds
from glm4v_ros.policy.preset import load_presets
from glm4v_ros.policy.verification import Verdict
from glm4v_ros.vision.decoder import orientation
from glm4v_ros.web.asker import (
    CameraPicture,
    Evidence,
    Found,
    Inquiry,
    ModelCard,
    Region,
    Reply,
    Seen,
    State,
    session_of,
)
from glm4v_ros.web.pictures import PictureStore, StoredPicture

_MOST_AT_ONCE = 64  # questions; the node itself refuses those that it has no room for
_PATIENCE = 2.0  # s for the picture of an answer, which comes on a topic of its own
_AS_IT_IS = ("image/jpeg", "image/png")  # what CompressedImage carries


class VqaAsker:
    """Asker over VqaClient. ``reset`` forgets a session of the node; ``views`` has the cameras by name."""

    def __init__(
        self,
        client: VqaClient,
        watch: VqaWatch,
        views: dict[str, CameraView],
        pictures: PictureStore,
        reset: Callable[[str], None],
        *,
        prompts_file: str = "",
    ):
        self._client, self._watch, self._views, self._pictures, self._reset = client, watch, views, pictures, reset
        self._presets = tuple(load_presets(prompts_file or None))
        self._threads = ThreadPoolExecutor(_MOST_AT_ONCE, "vqa-asker")
        self._service_time = ServiceTime()
        self._began = int(time.time())
        self._asking = 0

    @property
    def models(self) -> tuple[ModelCard, ...]:
        return (ModelCard(self._watch.value("engine", "model", "vqa"), self._began),)

    @property
    def presets(self) -> tuple[str, ...]:
        return self._presets

    @property
    def verify(self) -> str:
        return self._watch.value("second reader", "verify", "off")

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(self._views)

    @property
    def capacity(self) -> int:
        return 0  # the node does not say

    @property
    def retry_after(self) -> float:
        return max(1, self._asking) * self._service_time.seconds

    @property
    def state(self) -> State:
        watch = self._watch
        ready = watch.is_active
        reason = "" if ready else "the node vqa is not there" if not watch.is_heard else "the node vqa is not active"
        return State(
            ready, reason, int(watch.number("engine", "running")), int(watch.number("engine", "queue")),
            watch.value("engine", "stage"), watch.value("engine", "device"), watch.number("engine", "tokens/s"),
            int(watch.number("engine", "worker restarts")), watch.number("engine", "worker memory MiB"),
        )  # fmt: skip

    async def ask(self, inquiry: Inquiry) -> AsyncIterator[Union[Delta, Reply]]:
        if inquiry.cameras and inquiry.regions:
            raise Unsupported("the node vqa takes no regions of a camera's picture that is yet to come")
        if not self._watch.is_heard:
            raise NotActive("the node vqa is not there: start it, or name it with the parameter vqa")
        images = [await self._message(picture) for picture in inquiry.pictures]
        loop = asyncio.get_running_loop()
        news: asyncio.Queue[Union[tuple[int, str], AnswerMessage, VqaError]] = asyncio.Queue()

        def tell(item) -> None:  # from a thread; the loop may be closed by the time of an answer
            try:
                loop.call_soon_threadsafe(news.put_nowait, item)
            except RuntimeError:
                pass

        question = inquiry.question
        pending = self._client.start(
            question.text, cameras=inquiry.cameras, images=images, session_id=inquiry.session_id, **_options(inquiry)
        )
        self._service_time.began(self._asking)
        self._asking += 1
        self._threads.submit(_read, pending, tell)
        try:
            yield Delta(question.request_id, Stage.QUEUED)
            while not isinstance(item := await news.get(), AnswerMessage):
                if isinstance(item, VqaError):
                    raise item
                stage, text = item
                yield Delta(question.request_id, Stage(stage), text)
            self._service_time.ended()
            seen, pictures = await self._seen(inquiry, item)
            yield Reply(_answer(item), seen, _found(item, pictures))
        finally:
            self._asking -= 1
            if not pending.done:
                pending.cancel()

    async def look(self, camera: str, after: float, timeout: float) -> CameraPicture:
        if camera not in self._views:
            raise UnknownCamera(f"there is no camera '{camera[:64]}'; there is {', '.join(self._views) or 'none'}")
        return await self._views[camera].look(after, timeout)

    def reset_session(self, owner: str, session_id: str) -> None:
        self._reset(session_of(owner, session_id))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _message(self, picture: StoredPicture) -> CompressedImage:
        """As it was sent where the node takes it so, else as PNG, which loses nothing."""
        data, kind = picture.data, picture.media_type
        if kind not in _AS_IT_IS:
            frame = await self._pictures.frame(picture)
            bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
            data, kind = (await asyncio.to_thread(cv2.imencode, ".png", bgr))[1].tobytes(), "image/png"
        message = CompressedImage(format=kind.removeprefix("image/"), data=array("B", data))
        message.header.stamp.sec = int(picture.stamp)
        message.header.stamp.nanosec = int(picture.stamp % 1 * 1e9)
        return message

    async def _seen(self, inquiry: Inquiry, answer: AnswerMessage) -> tuple[tuple[Seen, ...], list[StoredPicture | None]]:
        """The very frames of the cameras, kept like pictures that were uploaded; None for one that did not come."""
        if not inquiry.cameras:
            return inquiry.seen, list(inquiry.pictures)
        seen, pictures = [], []
        for camera, header in zip(answer.cameras, answer.image_headers):
            message = await asyncio.to_thread(self._watch.picture, header, _PATIENCE)
            picture = None
            if message is not None:
                stamp = seconds(header.stamp)
                picture = await self._pictures.put(inquiry.owner, bytes(message.data), stamp=stamp, camera=camera)
                seen.append(Seen(picture.key, stamp, camera))
            pictures.append(picture)
        return tuple(seen), pictures


def _read(pending: PendingAnswer, tell: Callable[[Any], None]) -> None:
    try:
        for step in pending.steps():
            tell(step)
        tell(pending.result())
    except VqaError as error:
        tell(error)
    except Exception as error:  # nobody else would hear of it
        tell(VqaError(f"the answer could not be received: {error}"))


def _options(inquiry: Inquiry) -> dict[str, Any]:
    question = inquiry.question
    whole, rest = divmod(question.timeout, 1)
    regions = [_region(picture, region) for picture, region in zip(inquiry.pictures, inquiry.regions)]
    # What the request leaves as it is, is as the node's parameters say.
    sampling = [] if question.sampling == Sampling() else asdict(question.sampling)
    return dict(
        system_prompt=question.system_prompt, past=[astuple(one) for one in question.past], stop=list(question.stop),
        sampling=sampling, ignore_eos=question.ignore_eos, text_only=not (inquiry.pictures or inquiry.cameras or inquiry.session_id),
        logprobs=question.logprobs is not None, top_logprobs=question.logprobs or 0,
        preset=inquiry.preset, language=inquiry.language, choices=list(question.choices), rois=regions,
        json_schema=question.json_schema, max_tokens=question.max_tokens, max_image_tokens=question.max_image_tokens,
        enhance=inquiry.enhance, deterministic=question.deterministic, retry_on_crash=question.retry_on_crash,
        timeout=Duration(sec=int(whole), nanosec=int(rest * 1e9)), verify=inquiry.verify,
    )  # fmt: skip


def _found(message: AnswerMessage, pictures: list[StoredPicture | None]) -> Found:
    """``pictures`` are those that the message is about; where one is not here its evidence is not shown."""
    here = [picture for picture in pictures if picture]
    evidence = [
        Evidence(text, here.index(pictures[index]), _upright(pictures[index], roi))
        for text, roi, index in zip(message.evidence_texts, message.evidence_regions, message.evidence_images)
        if index < len(pictures) and pictures[index]
    ]
    return Found(Verdict(message.verification), message.verification_reason, message.verification_confidence, tuple(evidence))


def _upright(picture: StoredPicture, roi: RegionOfInterest) -> Region:
    """The other way round than ``_region``."""
    x, y, width, height = roi.x_offset, roi.y_offset, roi.width, roi.height
    if picture.media_type in _AS_IT_IS:
        turn = orientation(picture.data)
        x, y, width, height = turn.to_upright((x, y, width, height), *turn.size(picture.width, picture.height))
    return Region(x, y, width, height)


def _region(picture: StoredPicture, region: Region | None) -> RegionOfInterest:
    """In pixels of the picture as the node gets it; a JPEG or PNG is turned there."""
    if region is None:
        return RegionOfInterest()
    x, y, width, height = region.x, region.y, region.width, region.height
    if picture.media_type in _AS_IT_IS:
        turn = orientation(picture.data)
        x, y, width, height = turn.to_stored((x, y, width, height), *turn.size(picture.width, picture.height))
    return RegionOfInterest(x_offset=x, y_offset=y, width=width, height=height)


def _answer(message: AnswerMessage) -> Answer:
    return Answer(
        message.request_id, message.text, FinishReason(message.finish_reason), message.abstained, message.choice_index,
        tuple(message.choice_probabilities), message.confidence, message.mean_token_probability, _logprobs(message),
        message.image_tokens,
        message.prompt_tokens, message.completion_tokens, seconds(message.time_to_first_token),
        seconds(message.latency),
    )  # fmt: skip


def _logprobs(message: AnswerMessage) -> tuple[TokenLogprob, ...]:
    """Each token with its alternatives, of which every token has as many."""
    others = [TokenLogprob(bytes(one.bytes), one.log_probability) for one in message.alternatives]
    count = len(others) // max(1, len(message.tokens))
    return tuple(
        TokenLogprob(bytes(token.bytes), token.log_probability, tuple(others[number * count : (number + 1) * count]))
        for number, token in enumerate(message.tokens)
    )
