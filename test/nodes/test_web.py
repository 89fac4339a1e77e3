"""The node web beside a real node vqa with a scripted engine, over DDS and HTTP."""

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from messages import data_url, user
from PIL import Image as PillowImage
from print_lines import plate
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rig import ANOTHER_DOMAIN, Rig
from robot import PATIENCE, eventually, image, plain
from served import serving_asker

from glm4v_ros.engine.question import Exchange, Sampling
from glm4v_ros.errors import BadRequest
from glm4v_ros.nodes.web import WebNode
from glm4v_ros.vision.decoder import decode_file
from glm4v_ros.vision.frame import Frame

ROOT = Path(__file__).resolve().parents[2]
CHAT = "/v1/chat/completions"
MODEL = "script"
RED, GREEN = plain((200, 10, 20)), plain((10, 200, 20))


def jpeg(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes()


def chat(text: str, *urls: str, **fields) -> dict:
    return {"model": MODEL, "messages": [user(text, *urls)], **fields}


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    rig = Rig(tmp_path_factory.mktemp("rig"))
    rig.node.autostart()
    yield rig
    rig.close()


@pytest.fixture(scope="module")
def front(rig):
    """Takes a picture."""
    publisher = rig.robot.camera("/front/image_raw")

    def take(rgb: np.ndarray):
        message = image(rgb, rig.robot.node.get_clock().now().to_msg())
        publisher.publish(message)
        return message

    return take


@pytest.fixture(scope="module")
def web(rig, front):
    node = WebNode(context=rig.context)
    executor = SingleThreadedExecutor(context=rig.context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    front(RED)
    with serving_asker(node.asker, node.pictures) as served:
        eventually(lambda: served.asker.state.ready)
        yield served
    executor.shutdown()
    thread.join()
    node.close()
    node.destroy_node()


@pytest.fixture
def seen(web, front):
    """The camera is there, as the node vqa has said."""
    eventually(lambda: (front(RED), "front" in web.asker.cameras)[1])


def test_what_the_page_is_told(web, rig, seen):
    state = web.request("GET", "/v1/state").json
    assert state["ready"] and state["models"] == [MODEL] and "front" in state["cameras"]
    assert "inspection" in state["presets"] and "eldercare" in state["presets"]
    assert web.request("GET", "/v1/cameras").json["data"][0]["id"] == "front"


def test_a_question_about_an_uploaded_picture(web):
    data = jpeg(RED)
    for stream in (False, True):
        answered = web.post(CHAT, chat("what?", data_url(data, "jpeg"), stream=stream))
        expected = Frame(decode_file(data, "it")).key
        if stream:
            text = "".join(one["choices"][0]["delta"].get("content", "") for one in answered.events[:-1])
            assert text == expected and answered.events[-1] == "[DONE]"
        else:
            assert answered.json["choices"][0]["message"]["content"] == expected
            assert answered.json["glm4v"]["pictures"][0]["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_region_is_where_it_was_drawn(web, rig, tmp_path):
    """In pixels of the picture upright, however its file is stored."""
    rgb = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    PillowImage.fromarray(rgb).save(tmp_path / "turned.png", exif=exif)
    PillowImage.fromarray(rgb).save(tmp_path / "other.webp", lossless=True)
    for name in ("turned.png", "other.webp"):
        data = (tmp_path / name).read_bytes()
        upright = decode_file(data, "it")
        roi = {"x": 3, "y": 7, "width": 20, "height": 11}
        assert web.post(CHAT, chat("what?", data_url(data), glm4v={"rois": [roi]})).status == 200
        assert (rig.engine.questions[-1][1][0].rgb == upright[7:18, 3:23]).all(), name


def test_a_question_about_a_camera_shows_the_very_frame(web, front, seen):
    stamp = front(GREEN).header.stamp
    answered = eventually(lambda: (front(GREEN), web.post(CHAT, chat("what?", "camera:front")).json)[1])
    (picture,) = answered["glm4v"]["pictures"]
    assert picture["camera"] == "front" and picture["stamp"] >= stamp.sec + stamp.nanosec / 1e9
    shown = web.request("GET", picture["url"])
    assert shown.headers["content-type"] == "image/jpeg"
    assert float(shown.headers["x-glm4v-stamp"]) == pytest.approx(picture["stamp"], abs=0.002)
    colour = decode_file(shown.body, "it").reshape(-1, 3).mean(axis=0)
    assert np.abs(colour - (10, 200, 20)).max() < 12


def test_a_camera_is_watched_live(web, front, seen):
    looked = web.request("GET", "/v1/cameras/front/picture")
    assert looked.status == 200 and looked.headers["content-type"] == "image/jpeg"
    stamp = looked.headers["x-glm4v-stamp"]
    newer: list = []
    waiting = threading.Thread(target=lambda: newer.append(web.request("GET", f"/v1/cameras/front/picture?after={stamp}")))
    waiting.start()
    while waiting.is_alive():
        front(GREEN)
        waiting.join(0.1)
    assert float(newer[0].headers["x-glm4v-stamp"]) > float(stamp)
    unknown = web.request("GET", "/v1/cameras/back/picture")
    assert unknown.status == 404 and "front" in unknown.error["message"]


def test_stop_cancels_in_the_node(web, rig):
    connection = web.connect()
    body = json.dumps(chat("slow", data_url(jpeg(RED), "jpeg"), stream=True, glm4v={"timeout": 600})).encode()
    head = f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    data = b""
    while b"word" not in data:
        data += connection.recv(65536)
    request_id = rig.engine.questions[-1][0].request_id
    connection.close()
    eventually(lambda: rig.engine.canceled[request_id].is_set())


def test_choices_and_sessions(web, rig):
    url = data_url(jpeg(RED), "jpeg")
    body = {"model": MODEL, "input": [{"role": "user", "content": [{"type": "input_image", "image_url": url}]}],
            "questions": [{"type": "choice", "instructions": "which?", "choices": [{"value": "a"}, {"value": "b"}]}]}  # fmt: skip
    assert web.post("/v1/decisions", body).json["answers"][0]["type"] == "refusal"  # the script weighs no choices
    assert rig.engine.questions[-1][0].choices == ("a", "b")
    assert web.post(CHAT, chat("one", url, glm4v={"session": "mine"})).status == 200
    session = rig.engine.questions[-1][0].session_id
    assert session not in ("", "mine")
    assert web.request("DELETE", "/v1/sessions/mine").status == 204
    eventually(lambda: session in rig.engine.reset)


def test_what_the_engine_takes_the_node_takes_too(web, rig):
    green, red = (data_url(jpeg(rgb), "jpeg") for rgb in (GREEN, RED))
    body = chat("what?", green, temperature=0.5, seed=3, stop=["."], ignore_eos=True)
    body["messages"] = [{"role": "system", "content": "Be short."}, *body["messages"],
                        {"role": "assistant", "content": "Grass."}, user("and this?", red)]  # fmt: skip
    assert web.post(CHAT, body).status == 200
    question, frames = rig.engine.questions[-1]
    assert question.text == "and this?" and question.past == (Exchange("what?", "Grass.", 1),) and len(frames) == 2
    assert question.system_prompt.startswith("Be short.") and question.stop == (".",) and question.ignore_eos
    assert question.sampling == Sampling(temperature=0.5, seed=3)


@pytest.mark.parametrize("name, turned", [("plain.png", 1), ("turned.png", 6), ("other.webp", 1)])
def test_what_the_second_reader_found_is_shown_in_the_picture_upright(web, rig, tmp_path, name, turned):
    rgb = np.random.default_rng(turned).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    exif = PillowImage.Exif()
    exif[0x0112] = turned
    PillowImage.fromarray(rgb).save(tmp_path / name, exif=exif, **({"lossless": True} if name.endswith("webp") else {}))
    data = (tmp_path / name).read_bytes()
    key = Frame(decode_file(data, "it")).key
    rig.engine.says[key, "型号?"] = "XK-7"
    rig.reader.prints[key] = tuple(plate("型号 XK-7"))
    figures = web.post(CHAT, chat("型号?", data_url(data), glm4v={"verify": "auto"})).json["glm4v"]
    assert figures["verification"] == "confirmed" and figures["verification_confidence"] == pytest.approx(0.99)
    assert figures["evidence"] == [{"text": "XK-7", "picture": 0, "roi": {"x": 100, "y": 0, "width": 80, "height": 40}}]
    assert web.post(CHAT, chat("型号?", data_url(data))).json["glm4v"]["verification"] == "not_checked"  # the node's default here


def test_a_stream_says_how_far_the_node_is(web, rig):
    """So that the page does not show an answer under way while the second reader is waited for."""
    rgb = plain((70, 60, 50), (400, 300))
    key = Frame(rgb).key
    rig.engine.says[key, "型号?"] = "XK-7"
    rig.reader.prints[key] = tuple(plate("型号 XK-7"))
    url = data_url(cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1].tobytes())
    rig.reader.hold()  # or the result may be there before the news of the check
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
    body = chat("型号?", url, stream=True, glm4v={"verify": "auto", "progress": True})
    connection.request("POST", CHAT, json.dumps(body), {"Content-Type": "application/json"})
    told, events = [], []
    with connection.getresponse() as response:
        for line in response:
            if line.startswith(b"data: {"):
                events.append(json.loads(line.removeprefix(b"data: ")))
                told += [stage] if (stage := events[-1].get("glm4v", {}).get("stage")) else []
                if told[-1:] == ["checking"]:
                    rig.reader.release()
    connection.close()
    assert told[0] == "queued" and told[-1] == "checking" and len(set(told)) == len(told), told
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in events if one["choices"]) == "XK-7"


def test_the_page_is_told_what_the_node_asks_for_by_itself(web, rig):
    """So that it does not ask for less."""
    rig.node.set_parameters([Parameter("verify", value="required")])
    try:
        eventually(lambda: web.request("GET", "/v1/state").json["verify"] == "required")
    finally:
        rig.node.set_parameters([Parameter("verify", value="off")])
    eventually(lambda: web.request("GET", "/v1/state").json["verify"] == "off")


def test_the_evidence_of_a_camera_s_picture(web, rig, front, seen):
    rgb = plain((9, 99, 199), (400, 300))
    key = Frame(rgb).key
    rig.engine.says[key, "型号?"] = "XK-7"
    rig.reader.prints[key] = tuple(plate("型号 XK-9"))
    asked = chat("型号?", "camera:front", glm4v={"verify": "auto"})
    answered = eventually(lambda: (front(rgb), (got := web.post(CHAT, asked).json["glm4v"])["pictures"] and got)[1])
    assert answered["verification"] == "contradicted" and answered["evidence"][0]["text"] == "XK-9"


def test_how_likely_each_token_was(web, rig):
    for stream in (False, True):
        body = chat("what?", data_url(jpeg(RED), "jpeg"), logprobs=True, top_logprobs=2, stream=stream)
        answered = web.post(CHAT, body)
        told = answered.events[1:-1] if stream else [answered.json]
        tokens = [token for one in told for token in (one["choices"][0]["logprobs"] or {"content": []})["content"]]
        ((token, others),) = [(one["token"], one["top_logprobs"]) for one in tokens]
        assert token == Frame(decode_file(jpeg(RED), "it")).key
        assert [one["logprob"] for one in others] == [-0.5, -1.5]


def test_a_question_without_a_picture_asks_no_camera(web, rig):
    assert web.post(CHAT, {"model": MODEL, "messages": [{"role": "user", "content": "Hello?"}]}).status == 200
    question, frames = rig.engine.questions[-1]
    assert question.text == "Hello?" and frames == []


def test_sampling_that_is_not_asked_for_is_the_node_s(web, rig):
    rig.node.set_parameters([Parameter("temperature", value=0.25)])
    try:
        assert web.post(CHAT, chat("what?", data_url(jpeg(RED), "jpeg"))).status == 200
        assert rig.engine.questions[-1][0].sampling.temperature == 0.25
    finally:
        rig.node.set_parameters([Parameter("temperature", value=0.0)])


def test_a_region_of_a_picture_that_is_yet_to_come_is_refused(web, seen):
    assert web.post(CHAT, chat("what?", "camera:front", glm4v={"rois": [None]})).status == 400


def test_errors_of_the_node_have_their_status(web):
    assert web.post(CHAT, chat("what?", "camera:back")).error["code"] == "unknown_camera"
    failed = web.post(CHAT, chat("fail", data_url(jpeg(RED), "jpeg")))
    assert failed.status == 503 and failed.error["code"] == "engine_failed"
    late = web.post(CHAT, chat("slow", data_url(jpeg(RED), "jpeg"), glm4v={"timeout": 0.3}))
    assert late.status == 504


def test_a_server_open_to_strangers_is_refused(rig):
    for parameters in ({"host": "0.0.0.0"}, {"require_key": True, "keys_file": "/nonexistent"}):
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        with pytest.raises(BadRequest, match="key"):
            WebNode(context=rig.context, parameter_overrides=overrides)


def test_the_file_of_parameters_shows_the_defaults(rig):
    shown = yaml.safe_load((ROOT / "config" / "web.yaml").read_text())["/**"]["ros__parameters"]
    node = WebNode(context=rig.context)
    try:
        declared = {name for name in node.get_parameters_by_prefix("")} - {"use_sim_time", "start_type_description_service"}
        assert declared == set(shown)
        assert {name: node.get_parameter(name).value for name in shown} == shown
    finally:
        node.close()
        node.destroy_node()


def test_a_process_of_its_own_that_ends_in_order(tmp_path):
    """Without a node vqa it says that it is not ready."""
    command = [sys.executable, "-m", "glm4v_ros.nodes.web", "--ros-args", "-p", "port:=0", "-p", "vqa:=nobody"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "ROS_DOMAIN_ID": str(ANOTHER_DOMAIN)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            port = next(int(found[1]) for line in process.stderr if (found := re.search(r"127.0.0.1:(\d+)", line)))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("GET", "/ready")
            assert connection.getresponse().status == 503
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()


@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here: apt install chromium")
def test_live_on_the_page_and_asked_with_one_tap(web, front, seen):
    playwright = pytest.importorskip("playwright.sync_api", reason="requirements/serve.txt brings it")
    ending = threading.Event()

    def film():
        while not ending.wait(0.1):
            front(GREEN)

    filming = threading.Thread(target=film)
    filming.start()
    try:
        with playwright.sync_playwright() as library:
            browser = library.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(locale="en-GB")
            page.goto(web.address)
            image = page.wait_for_selector(".camera img")
            first = image.get_attribute("src")
            page.wait_for_function("first => document.querySelector('.camera img').src !== first", arg=first)
            page.click("[aria-label='Ask about front']")
            page.fill("#question", "what?")
            page.press("#question", "Enter")
            page.wait_for_selector("section .turn .facts:has-text('total')")
            assert "front" in page.inner_text("figcaption") and "as of" in page.inner_text("figcaption")
            shown = page.locator("section .turn figure img")
            assert shown.evaluate("image => image.naturalWidth") == GREEN.shape[1]
            browser.close()
    finally:
        ending.set()
        filming.join()
