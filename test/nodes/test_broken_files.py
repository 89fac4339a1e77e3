"""Model files with everything that a disk, a download or a person can do to them, given to the node vqa over DDS.

Each is refused with what to do about it, the node lives on, and with a good model it answers.
"""

import ctypes
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import State, Transition
from rclpy.task import Future
from robot import eventually, image, plain, wait
from vqa_process import PATIENCE, VqaProcess

from glm4v_ros.catalog.gguf import Gguf
from glm4v_ros.catalog.verify import sha256
from glm4v_ros.errors import ErrorCode

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden import glm4v9b_checkpoint as tiny  # noqa: E402

from glm4v_ros.catalog.convert import Conversion  # noqa: E402

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2  # <linux/capability.h>
PR_CAPBSET_DROP = 24


def without_rights_over_files():
    """In the node's process before it starts: root, too, then needs a file's own permission to read it."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


class Node(VqaProcess):
    """Unconfigured, and given one model after the other."""

    def __init__(self):
        super().__init__(without_rights_over_files, autostart=False, diagnostics_period=0.1, context_tokens=1024, threads=1)
        self.picture = image(plain((200, 30, 30)), self.robot.now())

    def use(self, model: str | Path = "glm4v-nano", vision: str | Path = "", models_file: str | Path = "") -> None:
        if self.state == State.PRIMARY_STATE_ACTIVE:  # the test before failed
            self.change(Transition.TRANSITION_DEACTIVATE)
        if self.state == State.PRIMARY_STATE_INACTIVE:
            self.change(Transition.TRANSITION_CLEANUP)
        self.set(model=str(model), vision_model=str(vision), models_file=str(models_file))

    def refuses(self) -> str:
        """Configures in vain, and returns why, which a question and the diagnostics say as well."""
        assert not self.change(Transition.TRANSITION_CONFIGURE)
        return self.trouble()

    def trouble(self) -> str:
        assert self.state == State.PRIMARY_STATE_UNCONFIGURED and self.process.poll() is None
        response = self.robot.ask("what?", images=[self.picture])
        assert response.error_code == ErrorCode.NOT_ACTIVE
        eventually(lambda: self.says(DiagnosticStatus.ERROR, response.error_msg))
        return response.error_msg

    def says(self, level: bytes, message: str) -> bool:
        heard = self.heard[-1:]  # none yet, where the node has just been found
        return any(status.level == level and message in status.message for last in heard for status in last.status)

    def answers(self) -> bool:
        """With the embedded model, from unconfigured and back."""
        self.use()
        assert self.change(Transition.TRANSITION_CONFIGURE) and self.change(Transition.TRANSITION_ACTIVATE)
        response = self.robot.ask("what?", images=[self.picture])
        assert self.change(Transition.TRANSITION_DEACTIVATE) and self.change(Transition.TRANSITION_CLEANUP)
        return response.success


@pytest.fixture(scope="module")
def node():
    node = Node()
    yield node
    node.close()


@pytest.fixture
def files(nano, tmp_path):
    """Copies of the embedded model's two files."""
    return [Path(shutil.copy(path, tmp_path)) for path in (nano.text_path, nano.vision_path)]


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """The two halves of a tiny GLM-4v-9b, unquantised."""
    directory = tmp_path_factory.mktemp("foreign")
    conversion = Conversion.plan(tiny.write(directory / "c", tiny.VARIANTS["plain"]), directory / "out", text="F32", vision="F32")
    conversion.run()
    return [conversion.path(half) for half in ("text", "vision")]


def replaced(path: Path, old: bytes, new: bytes) -> None:
    """Other bytes of the same length, everywhere."""
    data = path.read_bytes()
    assert len(old) == len(new) and old in data
    path.write_bytes(data.replace(old, new))


def cut(path: Path, tensor: str) -> None:
    os.truncate(path, Gguf.read(path).tensors[tensor].offset + 1)


WEB_PAGE = b"<!DOCTYPE html><title>Log in</title>" + bytes(1000)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 6166577888\n"
NEWER = b"GGUF" + (9).to_bytes(4, "little") + bytes(100)

# What is done to the text and the vision file, and what is said of it.
DAMAGES = {
    "text missing": (lambda text, vision: text.unlink(), "text.* does not exist"),
    "vision missing": (lambda text, vision: vision.unlink(), "vision.* does not exist"),
    "text is a directory": (lambda text, vision: (text.unlink(), text.mkdir()), "text.* is a directory; name the GGUF"),
    "vision is a directory": (lambda text, vision: (vision.unlink(), vision.mkdir()), "vision.* is a directory"),
    "text empty": (lambda text, vision: text.write_bytes(b""), "text.* is not a GGUF file: it is empty; fetch it again"),
    "vision empty": (lambda text, vision: vision.write_bytes(b""), "vision.* is not a GGUF file: it is empty"),
    "text is a web page": (lambda text, vision: text.write_bytes(WEB_PAGE), "text.* not a GGUF file but a web page"),
    "vision is an LFS pointer": (lambda text, vision: vision.write_bytes(POINTER), "vision.* Git LFS.*`git lfs pull`"),
    "text is a picture": (lambda text, vision: text.write_bytes(b"\x89PNG" + bytes(99)), "text.* is not a GGUF file; fetch"),
    "text of a newer version": (lambda text, vision: text.write_bytes(NEWER), "text.* is GGUF version 9"),
    "text unreadable": (lambda text, vision: text.chmod(0), "text.* may not be read by this user"),
    "vision unreadable": (lambda text, vision: vision.chmod(0), "vision.* may not be read by this user"),
    "text cut in its header": (lambda text, vision: os.truncate(text, 3000), "text.* breaks inside its header; fetch it"),
    "text cut in a tensor": (lambda text, vision: cut(text, "blk.3.ffn_up.weight"), "text.* cut short.*fetch it again"),
    "vision cut in a tensor": (lambda text, vision: cut(vision, "v.blk.5.ffn_up.weight"), "vision.* cut short.*fetch it"),
    "swapped": (lambda text, vision: (text.rename(text.with_name("x")), vision.rename(text), text.with_name("x").rename(vision)),
                "swapped"),
    "no M-RoPE sections": (lambda text, vision: replaced(text, b"rope.dimension_sections", b"rope.dimension_zections"),
                           "no rope.dimension_sections.* fetch or convert it again"),
    "an architecture that nobody knows": (lambda text, vision: replaced(text, b"glm4", b"glmX"), "glmX"),
    "a projector that nobody knows": (lambda text, vision: replaced(vision, b"\x05\0\0\0\0\0\0\0glm4v", b"\x05\0\0\0\0\0\0\0glmXv"),
                                      "vision"),
    "text lacks a tensor": (lambda text, vision: replaced(text, b"blk.2.ffn_up.weight", b"blk.2.ffn_xx.weight"), "blk.2.ffn_up"),
    "vision lacks a tensor": (lambda text, vision: replaced(vision, b"v.blk.2.ffn_up.weight", b"v.blk.2.ffn_xx.weight"), "vision"),
}  # fmt: skip


# One for each way in which a file is refused: before a worker starts, in its header, by llama.cpp, by the tower.
ANSWERED_AFTER = ("text missing", "text cut in a tensor", "an architecture that nobody knows", "vision lacks a tensor")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_no_good_is_refused_and_the_node_lives(node, files, damage):
    do, said = DAMAGES[damage]
    do(*files)
    node.use(*files)
    assert match(said, node.refuses())
    assert damage not in ANSWERED_AFTER or node.answers()


def match(pattern: str, text: str) -> bool:
    assert re.search(pattern, text), text
    return True


def test_halves_of_two_models(node, files, foreign):
    for text, vision in ((files[0], foreign[1]), (foreign[0], files[1])):
        node.use(text, vision)
        assert match("belong to different models", node.refuses())
    node.use(foreign[0], foreign[0])
    assert match("is a text model.*not a vision", node.refuses())
    assert node.answers()


def test_glm4v9b_without_a_tensor(node, tmp_path, foreign):
    vision = Path(shutil.copy(foreign[1], tmp_path))
    replaced(vision, b"mm.post_fc_norm.bias", b"mm.post_fc_norm.bxas")
    node.use(foreign[0], vision)
    assert match("lacks the tensor mm.post_fc_norm.bias; convert the checkpoint again", node.refuses())
    assert node.answers()


def catalogue(directory: Path, files, sha256: str) -> Path:
    path = directory / "models.yaml"
    path.write_text(f"mine: {{text: {{file: {files[0]}, sha256: '{sha256}'}}, vision: {{file: {files[1]}}}}}")
    return path


def test_wrong_weights_of_the_right_size(node, nano, tmp_path, files):
    """Which llama.cpp loads without a word."""
    whole = sha256(nano.text_path)
    tensor = Gguf.read(files[0]).tensors["blk.0.ffn_up.weight"]
    with files[0].open("r+b") as file:
        file.seek(tensor.offset + 1000)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    models = catalogue(tmp_path, files, whole)
    node.use("mine", models_file=models)
    assert match(f"text.* is damaged or another version: SHA-256 is .*should be {whole}; fetch", node.refuses())
    node.set(verify_model=False)
    try:
        assert node.change(Transition.TRANSITION_CONFIGURE) and node.change(Transition.TRANSITION_CLEANUP)
    finally:
        node.set(verify_model=True)
    shutil.copy(nano.text_path, files[0])
    assert node.change(Transition.TRANSITION_CONFIGURE) and node.change(Transition.TRANSITION_CLEANUP)
    assert node.answers()


@pytest.mark.parametrize("half", [0, 1], ids=["text", "vision"])
def test_a_file_that_is_cut_while_it_is_loaded(node, nano, files, half):
    for _ in range(20):  # on a busy machine it may be loaded before it can be cut
        node.use(*files)
        configuring = node.begin(Transition.TRANSITION_CONFIGURE)
        cut_while_loaded(files[half], node.process.pid, configuring)
        if not wait(configuring, PATIENCE).success:
            break
        assert node.change(Transition.TRANSITION_CLEANUP)
        shutil.copy((nano.text_path, nano.vision_path)[half], files[half])
    assert match("cut short|SIGBUS: a model file was cut short|cannot be loaded", node.trouble())
    assert node.answers()


def cut_while_loaded(path: Path, node: int, configuring: Future) -> None:
    """Lets the worker run for a millisecond at a time, and cuts the file once llama.cpp has it open, if that is seen."""
    worker = eventually(lambda: worker_of(node))

    def reached() -> bool:
        try:
            os.kill(worker, signal.SIGSTOP)
            process = Path(f"/proc/{worker}")
            maps = (process / "maps").read_text()
            opened = {os.path.realpath(link) for link in (process / "fd").iterdir()}
            found = "libllama" in maps and (str(path) in maps or str(path) in opened)
            if found:
                os.truncate(path, path.stat().st_size // 2)
            os.kill(worker, signal.SIGCONT)
        except OSError:  # it ended
            return True
        return found

    eventually(lambda: reached() or configuring.done(), pause=0.001)


def worker_of(node: int) -> int:
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rsplit(")", 1)[1].split()[1])
            if parent == node and b"engine.worker" in (status.parent / "cmdline").read_bytes():
                return int(status.parent.name)
        except OSError:  # it ended meanwhile
            pass
    return 0


def test_a_file_that_is_cut_while_it_is_in_use(node, files):
    node.use(*files)
    assert node.change(Transition.TRANSITION_CONFIGURE) and node.change(Transition.TRANSITION_ACTIVATE)
    assert node.robot.ask("what?", images=[node.picture]).success
    os.truncate(files[0], 4096)
    other = image(plain((30, 200, 30)), node.robot.now())
    response = node.robot.ask("what?", images=[other])
    assert not response.success and response.error_code == ErrorCode.ENGINE_FAILED
    assert match("SIGBUS: a model file was cut short", response.error_msg)
    assert node.change(Transition.TRANSITION_DEACTIVATE) and node.change(Transition.TRANSITION_CLEANUP)
    assert node.answers()
