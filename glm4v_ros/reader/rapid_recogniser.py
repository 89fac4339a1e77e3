"""RapidOCR, with PP-OCRv6's small models on ONNX Runtime."""

from __future__ import annotations

import socket
import threading

import numpy as np

from glm4v_ros.errors import NotRead
from glm4v_ros.reader import model_files
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.reader.line import Line, Quad
from glm4v_ros.reader.model_files import missing
from glm4v_ros.reader.recogniser import Interrupted
from glm4v_ros.vision.shortage import is_shortage

__all__ = ["RapidRecogniser", "load", "missing"]

# Of a line's height, above and below: RapidOCR widens what it finds by half, for its recogniser. Of 229 values in
# generated pictures 96 % overlap their ink by half with the margin, and more than 99 % without.
_MARGIN = 0.125


def load(config: ReaderConfig) -> RapidRecogniser:
    return RapidRecogniser(config)


class RapidRecogniser:
    """Finds print, then reads it line by line; upside-down print is not turned, since 609 turned is 609 misread."""

    def __init__(self, config: ReaderConfig):
        socket.has_ipv6 = False  # else urllib3, which RapidOCR imports, opens a socket to see whether there is IPv6
        import cv2
        from omegaconf import flag_override

        cv2.setNumThreads(config.threads)
        self._lock = threading.Lock()
        self._interrupted = False
        self._running = None  # the RunOptions of the network that runs
        paths = {f"{part}.model_path": "the session below" for part in ("Det", "Rec")}  # else it would look for files
        self._ocr = _two_scales(config.max_side)(
            params={
                "Global.use_cls": False,
                "Global.log_level": "error",
                "Global.max_side_len": 10**9,  # the class above does it
                "Global.return_word_box": True,
                "Global.return_single_char_box": True,
                **paths,
            }
        )
        with flag_override(self._ocr.cfg, "allow_objects", True):
            self._ocr.cfg.Det.session = self._session(model_files.DETECTION, config.threads)
            self._ocr.cfg.Rec.session = self._session(model_files.RECOGNITION, config.threads)

    def lines(self, rgb: np.ndarray) -> list[Line]:
        """Of (height, width, 3) uint8, from the top. Raises Interrupted, NotRead."""
        with self._lock:
            self._interrupted = False
        try:
            found = self._ocr(_widened(rgb)[..., ::-1].copy())  # BGR
        except Exception as error:
            if self._interrupted:
                raise Interrupted from error
            if is_shortage(error):
                raise MemoryError from error
            raise NotRead(f"the second reader failed on this picture: {str(error).strip().splitlines()[-1]}") from error
        if self._interrupted:
            raise Interrupted
        if getattr(found, "boxes", None) is None or not found.txts:
            return []
        return [
            Line(text, _quad(box), float(score), _places(text, words))
            for text, box, score, words in zip(found.txts, found.boxes, found.scores, found.word_results)
        ]

    def interrupt(self) -> None:
        with self._lock:
            self._interrupted = True
            if self._running is not None:
                self._running.terminate = True

    def _session(self, name: str, threads: int):
        """A network that ``interrupt`` ends."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4  # a run that is ended is no error
        # Pictures have many sizes, and what is kept for each of them would never be used again.
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        recogniser = self

        class Session(onnxruntime.InferenceSession):
            def run(self, names, feed, run_options=None):
                options = onnxruntime.RunOptions()
                with recogniser._lock:
                    if recogniser._interrupted:
                        raise Interrupted
                    recogniser._running = options
                try:
                    return super().run(names, feed, options)
                finally:
                    with recogniser._lock:
                        recogniser._running = None

        return Session(model_files.read(name), options, providers=["CPUExecutionProvider"])


def _two_scales(max_side: int):
    """RapidOCR, but that it finds the print in a picture of at most ``max_side`` px a side and reads it in the whole one.

    At 4000 px finding takes 2.5 GB and four times as long, and reading takes what it takes anyway: a line is 48 px high then.
    """
    import cv2
    from rapidocr import RapidOCR

    class TwoScales(RapidOCR):
        def detect_and_crop(self, img, op_record):
            height, width = img.shape[:2]
            most = max(height, width)
            if most <= max_side:
                return super().detect_and_crop(img, op_record)
            size = tuple(max(1, round(side * max_side / most)) for side in (width, height))
            # Thin strokes stay: each pixel is a mean.
            _, found = super().detect_and_crop(cv2.resize(img, size, interpolation=cv2.INTER_AREA), op_record)
            found.boxes = found.boxes * np.array([width / size[0], height / size[1]], np.float32)
            return self.crop_text_regions(img, found.boxes), found

    return TwoScales


def _widened(rgb: np.ndarray) -> np.ndarray:
    """With its edge drawn out where it is narrower than a quarter of its length: RapidOCR makes the shorter side 736."""
    height, width = rgb.shape[:2]
    least = -(-max(height, width) // 4)
    return np.pad(rgb, ((0, max(0, least - height)), (0, max(0, least - width)), (0, 0)), mode="edge")


def _quad(box) -> Quad:
    return tuple((float(x), float(y)) for x, y in box)


def _tightened(quad: Quad) -> Quad:
    """Without most of the margin above and below the print."""
    upper = [_between(quad[0], quad[3], _MARGIN), _between(quad[1], quad[2], _MARGIN)]
    lower = [_between(quad[2], quad[1], _MARGIN), _between(quad[3], quad[0], _MARGIN)]
    return (*upper, *lower)


def _between(one: tuple[float, float], other: tuple[float, float], share: float) -> tuple[float, float]:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def _places(text: str, words) -> tuple:
    """One for each character that is no blank; none if RapidOCR tells another number."""
    places = tuple(_tightened(_quad(box)) for _, _, box in words or ())
    return places if len(places) == len("".join(text.split())) else ()
