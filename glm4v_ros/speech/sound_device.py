"""Plays sound on the machine's own device, by the system's player."""

from __future__ import annotations

import os
import shutil
import subprocess

from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.voice import SpeechError

_SILENCE = Pcm(bytes(2 * 441), 22050)  # 20 ms
_HANGS = 10.0  # s beyond a sound's own length after which a player counts as hanging
_ADVICE = "set the tts parameter 'device' to one that `aplay -L` lists, or 'output' to 'topic' or 'wav'"


class SoundDevice:
    """ALSA's ``aplay`` or, where that is missing, PulseAudio's ``paplay``; ``device`` empty is the system's default."""

    def __init__(self, device: str = ""):
        self.device = device
        self._player = next((name for name in ("aplay", "paplay") if shutil.which(name)), None)

    def play(self, pcm: Pcm) -> _Player:
        if self._player is None:
            raise SpeechError(f"there is no sound player: apt install alsa-utils; or {_ADVICE}")
        return _Player(self._command(pcm), pcm)

    def _command(self, pcm: Pcm) -> list[str]:
        if self._player == "aplay":
            where = ["-D", self.device] if self.device else []
            return [
                "aplay",
                "-q",
                "-t",
                "raw",
                "-f",
                "S16_LE",
                "-r",
                str(pcm.sample_rate),
                "-c",
                str(pcm.channels),
                *where,
            ]
        where = [f"--device={self.device}"] if self.device else []
        return ["paplay", "--raw", "--format=s16le", f"--rate={pcm.sample_rate}", f"--channels={pcm.channels}", *where]

    def check(self) -> None:
        self.play(_SILENCE).wait()

    def close(self) -> None:
        pass


class _Player:
    """One run of the player. Killing it closes the device, and what the device still holds is dropped."""

    def __init__(self, command: list[str], pcm: Pcm):
        self._stopped = False
        self._longest = pcm.seconds + _HANGS
        # The player reads a file in memory, so nobody has to feed it.
        sound = os.memfd_create("speech")
        try:
            with open(sound, "wb", closefd=False) as file:
                file.write(pcm.data)
            os.lseek(sound, 0, os.SEEK_SET)
            self._process = subprocess.Popen(command, stdin=sound, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        finally:
            os.close(sound)

    def wait(self) -> None:
        try:
            complaint = self._process.communicate(timeout=self._longest)[1].decode(errors="replace").strip()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise SpeechError(f"the sound device hangs: look at it with `aplay -l`, or {_ADVICE}") from None
        if self._process.returncode and not self._stopped:
            reason = complaint.splitlines()[-1] if complaint else f"exit code {self._process.returncode}"
            raise SpeechError(f"the sound device does not play ({reason}): {_ADVICE}")

    def stop(self) -> None:
        self._stopped = True
        self._process.kill()
