"""The synthesiser's process: ``python -m glm4v_ros.speech.synthesis_worker FD``.

Reads (words, language, rate) from the socket FD and answers with a Pcm or a SpeechError; ends with the socket.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys

from glm4v_ros.machine.channel import Channel
from glm4v_ros.speech.voice import SpeechError
from glm4v_ros.vendor import prefer_vendor


def main(descriptor: int) -> None:
    prefer_vendor()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent decides
    sys.stdout = open(os.devnull, "w")  # pyttsx3 prints
    channel = Channel(socket.socket(fileno=descriptor))
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        config, _ = channel.receive()
        voice = request = None
        while True:
            try:
                if voice is None:
                    voice, reply = config.load(), None
                else:
                    reply = voice.synthesize(*request)
            except SpeechError as error:
                reply = error
            except Exception as error:  # a voice is somebody else's code: one bad sentence must not end the next
                reply = SpeechError(f"the voice {config.name} failed: {type(error).__name__}: {error}")
            channel.send(reply)
            if voice is None:
                return
            request, _ = channel.receive()


if __name__ == "__main__":
    main(int(sys.argv[1]))
