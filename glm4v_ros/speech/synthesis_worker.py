"""The synthesiser's process: ``python -m glm4v_ros.speech.synthesis_worker FD``.

Reads (words, language, rate) from the socket FD and answers with a Pcm or a SpeechError; ends with the socket.
"""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.connection import Connection

from glm4v_ros.speech.voice import SpeechError
from glm4v_ros.vendor import prefer_vendor


def main(descriptor: int) -> None:
    prefer_vendor()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the parent decides
    sys.stdout = open(os.devnull, "w")  # pyttsx3 prints
    with Connection(descriptor) as connection:
        config = connection.recv()
        voice = None
        while True:
            try:
                if voice is None:
                    voice = config.load()
                    connection.send(None)
                reply = voice.synthesize(*connection.recv())
            except (EOFError, ConnectionError):
                return
            except SpeechError as error:
                reply = error
            except Exception as error:  # a voice is somebody else's code: one bad sentence must not end the next
                reply = SpeechError(f"the voice {config.name} failed: {type(error).__name__}: {error}")
            try:
                connection.send(reply)
            except ConnectionError:
                return
            if voice is None:
                return


if __name__ == "__main__":
    main(int(sys.argv[1]))
