"""The natural voice: Piper, with voice files that the user brings."""

from __future__ import annotations

import json
from pathlib import Path

from glm4v_ros.speech.language import base_language
from glm4v_ros.speech.pcm import Pcm
from glm4v_ros.speech.voice import SpeechError

_NORMAL_RATE = 170  # words a minute that Piper speaks at a length scale of 1


class PiperVoice:
    """One Piper model a language; a model is loaded when its language is first spoken."""

    def __init__(self, models: dict[str, str]):
        try:
            import piper
        except ImportError as error:
            raise SpeechError(
                "the voice Piper is not installed: build glm4v_ros again with -DGLM4V_PIPER=ON, or install piper-tts where "
                "its Python is (docs/voice.md)"
            ) from error
        self._piper = piper
        self._models = {base_language(language): Path(path) for language, path in models.items() if path}
        self._loaded: dict[Path, object] = {}
        if not self._models:
            raise SpeechError(
                "Piper needs a voice file: set piper_voice_en or piper_voice_zh to the path of an .onnx file"
            )
        for path in self._models.values():
            _check(path)

    def synthesize(self, words: str, language: str, rate: int) -> Pcm:
        path = self._models.get(base_language(language)) or next(iter(self._models.values()))
        if path not in self._loaded:
            # Beside the voice, not in the working directory, lies what a Chinese one may need: see _check.
            beside = {"download_dir": path.parent} if _speaks_pinyin(path) else {}
            self._loaded[path] = self._piper.PiperVoice.load(str(path), **beside)
        config = self._piper.SynthesisConfig(length_scale=_NORMAL_RATE / rate)
        chunks = list(self._loaded[path].synthesize(words, syn_config=config))
        if not chunks:
            raise SpeechError(f"Piper gave no sound for {words!r}")
        return Pcm(
            b"".join(chunk.audio_int16_bytes for chunk in chunks), chunks[0].sample_rate, chunks[0].sample_channels
        )


def _check(path: Path) -> None:
    for file in (path, Path(f"{path}.json")):
        if not file.is_file():
            raise SpeechError(
                f"the Piper voice file {file} does not exist: a voice is an .onnx file with its .onnx.json beside it"
            )
    # Piper would download it, and this package works offline.
    if _speaks_pinyin(path) and not (path.parent / "g2pW" / "g2pw.onnx").is_file():
        raise SpeechError(
            f"the Chinese voice {path} needs Piper's model g2pW in {path.parent / 'g2pW'}: unpack it there (the place is "
            f"G2PW_URL in piper/phonemize_chinese.py), or take a voice whose .onnx.json says phoneme_type espeak"
        )


def _speaks_pinyin(path: Path) -> bool:
    return json.loads(Path(f"{path}.json").read_text(encoding="utf-8")).get("phoneme_type") == "pinyin"
