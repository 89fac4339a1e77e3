"""The reader's process: ONNX Runtime's threads, memory and faults stay in it.

Started by the client as ``python -m glm4v_ros.reader.worker FD``, FD being its inherited end of a socket pair. It ends
when that socket closes.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import socket
import sys
import threading
from importlib import import_module

from glm4v_ros.errors import NotRead
from glm4v_ros.machine import malloc
from glm4v_ros.machine.channel import Channel
from glm4v_ros.machine.parent import end_with_parent
from glm4v_ros.reader.messages import Cancel, Failed, Lines, Read, Ready, Start
from glm4v_ros.reader.recogniser import Interrupted, Recogniser
from glm4v_ros.vendor import prefer_vendor
from glm4v_ros.vision.shared_frame import SharedFrame

_log = logging.getLogger(__name__)

_OOM_SCORE = 500  # of -1000 to 1000: when memory runs out, the kernel ends this process before the robot's others


class Worker:
    """Reads one picture after the other in the main thread, and commands in another."""

    def __init__(self, channel: Channel):
        self._channel = channel
        self._lock = threading.Lock()
        self._frames: queue.SimpleQueue[SharedFrame] = queue.SimpleQueue()
        self._reading = ""  # the key of the frame that is being read

    def run(self) -> None:
        start, _ = self._channel.receive()
        assert isinstance(start, Start)
        logging.basicConfig(level=start.log_level, stream=sys.stderr, format="[%(levelname)s] [%(name)s]: %(message)s")
        try:
            recogniser: Recogniser = import_module(start.config.recogniser).load(start.config)
        except NotRead as error:
            self._channel.send(Failed("", error))
            return
        except Exception as error:
            _log.exception("the second reader could not start")
            self._channel.send(Failed("", NotRead(f"the second reader could not start: {error}")))
            return
        threading.Thread(target=self._listen, args=(recogniser,), name="commands", daemon=True).start()
        self._channel.send(Ready())
        while True:
            self._channel.send(self._read(recogniser, self._frames.get()))
            malloc.give_back()  # a large picture takes 0.8 GB for a moment

    def _read(self, recogniser: Recogniser, shared: SharedFrame) -> Lines | Failed:
        with self._lock:
            self._reading = shared.key
        try:
            return Lines(shared.key, tuple(recogniser.lines(shared.frame().rgb)))
        except Interrupted:
            return Failed(shared.key, NotRead("the reading was cancelled"))
        except NotRead as error:
            return Failed(shared.key, error)
        except MemoryError:
            return Failed(shared.key, NotRead("the second reader got no more memory from the system"))
        except Exception as error:
            _log.exception("a picture cannot be read")
            return Failed(shared.key, NotRead(f"the second reader failed on this picture: {error}"))
        finally:
            with self._lock:
                self._reading = ""

    def _listen(self, recogniser: Recogniser) -> None:
        while True:
            try:
                message, fds = self._channel.receive()
            except EOFError:
                os._exit(0)  # whatever runs: nobody is there to hear of it
            if isinstance(message, Read):
                self._frames.put(SharedFrame(message.frame, *fds))
            elif isinstance(message, Cancel):
                with self._lock:
                    if self._reading == message.key:
                        recogniser.interrupt()


def main() -> None:
    prefer_vendor()
    end_with_parent()
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write(str(_OOM_SCORE))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the socket
    Worker(Channel(socket.socket(fileno=int(sys.argv[1])))).run()


if __name__ == "__main__":
    main()
