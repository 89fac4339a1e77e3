"""The worker process: holds llama.cpp, so that a fault in it costs one answer and not the node.

Started by the engine client as ``python -m glm4v_ros.engine.worker FD``, FD being its inherited end of a socket pair.
It ends when that socket closes.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import replace

from glm4v_ros.catalog.pair import Pair
from glm4v_ros.engine.messages import Beat, Cancel, Failed, Loading, Ready, Start
from glm4v_ros.errors import EngineFailed, HostOutOfMemory, VqaError
from glm4v_ros.machine import cuda_context, malloc, openmp
from glm4v_ros.machine.channel import Channel
from glm4v_ros.machine.memory import resident_mib
from glm4v_ros.machine.parent import end_with_parent
from glm4v_ros.vendor import prefer_vendor
from glm4v_ros.vision.shared_frame import SharedFrame

_BEAT_EVERY = 0.25  # seconds
_LOOK_EVERY = 0.02  # seconds between looks at the deadlines of running questions
_log = logging.getLogger(__name__)


class Worker:
    """Reads commands in one thread, beats in another, and runs the scheduler in the main one."""

    def __init__(self, channel: Channel):
        self._channel = channel
        self._scheduler = None
        self._model = None
        self._percent = -1
        self._ticks = 0  # work done outside of the language model

    def run(self) -> None:
        message, _ = self._channel.receive()
        assert isinstance(message, Start)
        logging.basicConfig(level=message.log_level, stream=sys.stderr, format="[%(levelname)s] [%(name)s]: %(message)s")
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        try:
            self._load(message.config)
        except VqaError as error:
            self._channel.send(Failed("", error))
            return
        except Exception as error:
            _log.exception("the worker could not start")
            self._channel.send(Failed("", EngineFailed(f"the worker could not start: {error}")))
            return
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        try:
            self._scheduler.run()
        except VqaError as error:
            self._channel.send(Failed("", error))
        except MemoryError:
            self._channel.send(Failed("", HostOutOfMemory("the worker got no more memory from the system")))

    def _load(self, config) -> None:
        # Completed where it was chosen, unless somebody made it by hand or its files were not there yet.
        config = replace(config, model=Pair.of(config.model).complete(config.model))
        # Only here: importing llama_cpp loads llama.cpp.
        import llama_cpp

        self._tick()
        from glm4v_ros.engine import memory_check
        from glm4v_ros.engine.chat_template import ChatTemplate
        from glm4v_ros.engine.scheduler import Scheduler
        from glm4v_ros.engine.vision import tower_of
        from glm4v_ros.llama.language_model import LanguageModel
        from glm4v_ros.llama.llama_log import LlamaLog

        self._tick()
        log = LlamaLog()
        gpu = llama_cpp.llama_supports_gpu_offload()
        if gpu and config.gpu_layers != 0:
            cuda_context.slim()
        memory_check.check(config, gpu)
        self._model = model = LanguageModel(config, log, self._loading)
        self._tick()
        template = ChatTemplate(
            model.chat_template, model.tokenize, bos_token=model.bos_text, eos_token=model.eos_text,
            arguments=config.model.template_arguments, answer_prefix=config.model.answer_prefix,
        )  # fmt: skip
        tower = tower_of(config, model, log, self._tick if model.gpu_offload else self._tick_encoding)
        self._tick()
        tower.load()
        if not config.vision_resident:
            tower.free()
        self._scheduler = Scheduler(config, model, tower, template, self._channel.send)
        self._channel.send(Ready(model.device, model.gpu_offload, model.context_tokens))

    def _loading(self, fraction: float) -> bool:
        self._tick()
        if (percent := int(100 * fraction)) > self._percent:
            self._percent = percent
            self._channel.send(Loading(percent / 100))
        return True

    def _tick(self) -> None:
        self._ticks += 1

    def _tick_encoding(self) -> None:
        """In the thread that encodes: on one core where there is no more for it, beside other programs and a decode."""
        self._ticks += 1
        scheduler = self._scheduler
        decoding = scheduler is not None and scheduler.stage in ("prefill", "decode")
        openmp.one_thread(self._model.cores.free - decoding <= 1)

    def _read(self) -> None:
        while True:
            try:
                message, fds = self._channel.receive()
                frames = [SharedFrame(header, fd) for header, fd in zip(_frames_of(message), fds)]
            except EOFError:
                os._exit(0)  # whatever runs: nobody is there to hear of it
            except Exception:
                _log.exception("the client's message cannot be read")
                os._exit(1)
            self._scheduler.post((message, frames))
            if isinstance(message, Cancel):
                self._scheduler.interrupt(message.request_id)

    def _beat(self) -> None:
        due = 0.0
        give_back_at = time.monotonic() + malloc.GIVE_BACK_EVERY
        while True:
            now = time.monotonic()
            if now >= give_back_at:
                malloc.give_back()
                give_back_at = now + malloc.GIVE_BACK_EVERY
            scheduler = self._scheduler
            if scheduler is not None:
                scheduler.interrupt_overdue()
                self._model.cores.look()
            if now >= due:
                due = now + _BEAT_EVERY
                figures = scheduler.figures if scheduler else dict(stage="load", busy=True)
                progress = self._ticks + (self._model.progress if self._model else 0)
                try:
                    self._channel.send(Beat(progress=progress, resident_mib=resident_mib(), **figures))
                except OSError:
                    os._exit(0)
            time.sleep(_LOOK_EVERY)


def _frames_of(message) -> tuple:
    if hasattr(message, "frames"):
        return message.frames
    return (message.frame,) if hasattr(message, "frame") else ()


def main() -> None:
    end_with_parent()
    prefer_vendor()
    malloc.reuse_large_blocks()  # llama.cpp copies a piece of an image three times on its way
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the node, which then closes the socket
    Worker(Channel(socket.socket(fileno=int(sys.argv[1])))).run()


if __name__ == "__main__":
    main()
