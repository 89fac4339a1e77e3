"""The second reader in the node, over DDS: what an answer carries of it, and where it shows."""

from io import BytesIO

import cv2
import numpy as np
import pytest
import scripted_recogniser as fault
from builtin_interfaces.msg import Time
from evidence_rig import entries
from evidence_rig import start as start_with_evidence
from glm4v_ros.action import AskImage
from glm4v_ros.msg import Answer
from PIL import Image as PillowImage
from print_lines import plate
from rclpy.parameter import Parameter
from rig import Rig
from robot import compressed, duration, eventually, image, plain, wait
from sensor_msgs.msg import CompressedImage, RegionOfInterest
from std_msgs.msg import String

from glm4v_ros.vision.frame import Frame

WHAT = "型号?"
SIZE = (640, 480)
PLATE = plate("型号 XK-7")
VALUE = (100, 0, 80, 40)  # of "XK-7" in PLATE


def picture(shade, size=SIZE):
    return plain((fault.READ, shade, 90), size)


def key(rgb):
    return Frame(np.ascontiguousarray(rgb)).key


def roi(region):
    return (region.x_offset, region.y_offset, region.width, region.height)


@pytest.fixture(scope="module")
def module_rig(tmp_path_factory):
    rig = Rig(tmp_path_factory.mktemp("rig"), verify="auto")
    rig.node.autostart()
    yield rig
    rig.close()


@pytest.fixture
def rig(module_rig):
    module_rig.engine.says.clear()
    module_rig.reader.prints.clear()
    return module_rig


def shows(rig, rgb, says, lines=PLATE, question=WHAT):
    """What the model and the second reader make of a picture."""
    rig.engine.says[key(rgb), question] = says
    rig.reader.prints[key(rgb)] = tuple(lines)


def ask(rig, *pictures, question=WHAT, **options):
    response = rig.robot.ask(question, images=[image(rgb, Time(sec=1)) for rgb in pictures], options=options)
    assert response.success, response.error_msg
    return response.answer


def test_an_answer_says_what_was_found_and_where(rig):
    first, second = picture(1), picture(2)
    shows(rig, first, "XK-7", ())
    shows(rig, second, "", PLATE)
    answer = ask(rig, first, second)
    assert answer.text == "XK-7" and answer.verification == Answer.CONFIRMED and answer.verification_reason == ""
    assert list(answer.evidence_texts) == ["XK-7"] and list(answer.evidence_images) == [1]
    assert [roi(region) for region in answer.evidence_regions] == [VALUE]
    assert answer.verification_confidence == pytest.approx(0.99) and not answer.zoom_regions and not answer.abstained


@pytest.mark.parametrize(
    "lines, verdict, texts", [(plate("型号 XK-9"), Answer.CONTRADICTED, ["XK-9"]), ((), Answer.NOT_FOUND, [])]
)
def test_what_is_not_confirmed_is_said_and_kept(rig, lines, verdict, texts):
    shows(rig, picture(3), "XK-7", lines)
    answer = ask(rig, picture(3))
    assert answer.text == "XK-7" and answer.verification == verdict and list(answer.evidence_texts) == texts
    assert answer.verification_reason and not answer.abstained


def test_a_question_without_print_starts_no_reading(rig):
    shows(rig, picture(4), "Yes.", question="Is the lamp on?")
    before = len(rig.reader.read_keys)
    answer = ask(rig, picture(4), question="Is the lamp on?")
    assert answer.verification == Answer.NOT_CHECKED and "no print" in answer.verification_reason
    assert len(rig.reader.read_keys) == before and answer.verification_delay == duration(0.0)


def test_required_withholds_and_off_does_not_look(rig):
    shows(rig, picture(5), "XK-7", plate("型号 XK-9"))
    answer = ask(rig, picture(5), verify="required")
    assert answer.abstained and "XK-7" in answer.text and "XK-9" in answer.text and answer.verification == Answer.CONTRADICTED
    before = len(rig.reader.read_keys)
    answer = ask(rig, picture(5), verify="off")
    assert answer.text == "XK-7" and answer.verification == Answer.NOT_CHECKED and len(rig.reader.read_keys) == before
    rig.node.set_parameters([Parameter("verify", value="required")])
    try:
        assert ask(rig, picture(5)).abstained
        shows(rig, picture(5), "XK-7")
        assert ask(rig, picture(5)).text == "XK-7"
    finally:
        rig.node.set_parameters([Parameter("verify", value="auto")])


@pytest.mark.parametrize("value", range(1, 9))
def test_regions_are_pixels_of_the_stored_picture_whatever_exif_and_a_roi_make_of_it(rig, value):
    """The print lies in the upright picture at a place that this test finds again by its colour in the stored one."""
    upright = np.random.default_rng(value).integers(0, 200, (300, 400, 3), np.uint8)
    upright[0, 0] = fault.READ
    x, y, width, height = VALUE
    left, top = 30, 20  # of the region, upright
    upright[top + y : top + y + height, left + x : left + x + width] = (0, 0, 255)
    exif = PillowImage.Exif()
    exif[0x0112] = value
    stored = _turned_back(upright, value)
    file = BytesIO()
    PillowImage.fromarray(stored).save(file, "PNG", exif=exif)
    message = CompressedImage(format="png")
    message.data.frombytes(file.getvalue())
    mask = np.zeros(upright.shape[:2], np.uint8)
    mask[top : top + 200, left : left + 300] = 1
    rows, columns = np.nonzero(_turned_back(mask[..., None], value)[..., 0])
    region = RegionOfInterest(
        x_offset=int(columns.min()), y_offset=int(rows.min()),
        width=int(np.ptp(columns)) + 1, height=int(np.ptp(rows)) + 1)  # fmt: skip
    shows(rig, upright[top : top + 200, left : left + 300], "XK-7")
    response = rig.robot.ask(WHAT, compressed_images=[message], options={"rois": [region]})
    assert response.answer.verification == Answer.CONFIRMED, response
    rows, columns = np.nonzero((stored == (0, 0, 255)).all(axis=2))
    expected = (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1)
    assert roi(response.answer.evidence_regions[0]) == expected


def _turned_back(upright, value):
    """What EXIF's value turns into ``upright``, by Pillow's table, which is not ours."""
    method = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(value)  # the inverse of ImageOps.exif_transpose
    if method is None:
        return upright
    channels = [np.asarray(PillowImage.fromarray(upright[..., c]).transpose(method)) for c in range(upright.shape[2])]
    return np.ascontiguousarray(np.stack(channels, axis=2))


def test_the_stage_says_that_the_answer_waits_and_its_words_do_not(rig):
    shows(rig, picture(6), "XK-7")
    heard = []
    goal = rig.robot.goal(WHAT, on_feedback=lambda message: heard.append(message.feedback), images=[image(picture(6), Time())])
    result = wait(goal.get_result_async()).result
    assert result.success and result.answer.verification == Answer.CONFIRMED
    eventually(lambda: any(feedback.stage == AskImage.Feedback.CHECKING for feedback in heard))
    assert "".join(feedback.delta for feedback in heard) == "XK-7"


@pytest.mark.parametrize("lines, said", [(PLATE, "XK-7"), ((), "第二个识别器没有找到它")])
def test_a_spoken_answer_that_must_be_confirmed_is_heard_after_the_check_whole(rig, lines, said):
    heard, feedback = rig.robot.listen(String, "/vqa/sentences"), []
    eventually(lambda: rig.subscribers("/vqa/sentences"))
    shows(rig, picture(7), "XK-7", lines)
    goal = rig.robot.goal(
        WHAT, on_feedback=lambda message: feedback.append(message.feedback), images=[image(picture(7), Time())],
        options={"speak": True, "verify": "required"})  # fmt: skip
    answer = wait(goal.get_result_async()).result.answer
    eventually(lambda: [message.data for message in heard if message.data] == [answer.text])
    assert said in answer.text and not any(message.delta for message in feedback)


def test_the_picture_with_its_evidence_framed_only_for_somebody_who_looks(rig):
    shows(rig, picture(8), "XK-7")
    ask(rig, picture(8))
    shown = rig.robot.listen(CompressedImage, "/vqa/answer_image/annotated/compressed")
    eventually(lambda: rig.subscribers("/vqa/answer_image/annotated/compressed"))
    sent = image(picture(8), Time(sec=5), frame_id="lens")
    assert rig.robot.ask(WHAT, images=[sent]).success
    (message,) = eventually(lambda: shown)
    drawn = cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    assert message.header == sent.header and drawn.shape[:2] == SIZE[::-1]
    differs = np.abs(drawn - picture(8)).max(axis=2) > 60
    rows, columns = np.nonzero(differs)
    x, y, width, height = VALUE
    assert abs(columns.min() - x) <= 4 and abs(columns.max() - x - width) <= 4 and abs(rows.max() - y - height) <= 4
    red, green, blue = np.median(drawn[differs], axis=0)
    assert green > red + 40 and green > blue + 40  # confirmed
    rig.reader.prints.clear()
    assert rig.robot.ask(WHAT, images=[sent]).success
    eventually(lambda: len(shown) == 2)  # without evidence it is the picture as it is


def test_the_evidence_log_keeps_it(tmp_path):
    rig = start_with_evidence(tmp_path, verify="auto", alone=True)
    try:
        shows(rig, picture(9), "XK-7")
        answer = ask(rig, picture(9), stop=["\n"])
        entry = entries(rig)[-1]
        assert entry["verification"] == "CONFIRMED" and entry["verification_reason"] == "" and entry["verify"] == "auto"
        assert entry["evidence"] == [{"text": "XK-7", "image": 0, "region": list(roi(answer.evidence_regions[0]))}]
        assert entry["verification_confidence"] == pytest.approx(0.99) and entry["stop"] == ["\n"] and entry["past"] == []
    finally:
        rig.close()


def test_compressed_pictures_are_annotated_too(rig):
    shown = rig.robot.listen(CompressedImage, "/vqa/answer_image/annotated/compressed")
    eventually(lambda: rig.subscribers("/vqa/answer_image/annotated/compressed") >= 1)
    shows(rig, picture(60), "XK-7")
    sent = compressed(picture(60), Time(sec=9))
    assert rig.robot.ask(WHAT, compressed_images=[sent]).answer.verification == Answer.CONFIRMED
    eventually(lambda: any(message.header == sent.header for message in shown))


def test_zoom_and_hints_by_option_and_parameter(rig):
    """The part that the model saw is told in pixels of the stored picture, and how many lines it was told."""
    large = picture(70, (2000, 1000))
    rig.reader.prints[key(large)] = tuple(PLATE)
    rig.node.set_parameters([Parameter("max_image_tokens", value=200)])
    try:
        for options in ({"zoom": "auto"}, {}):
            answer = ask(rig, large, **options)
            _, (shown,) = rig.engine.questions[-1]
            (region,) = answer.zoom_regions
            assert list(answer.zoom_images) == [0] and region.width < 2000 and shown.key != key(large)
            assert shown.width / shown.height == pytest.approx(region.width / region.height, 0.02)
            rig.node.set_parameters([Parameter("zoom", value="auto")])
        assert not ask(rig, large, zoom="off").zoom_regions
    finally:
        rig.node.set_parameters([Parameter("max_image_tokens", value=0), Parameter("zoom", value="off")])
    answer = ask(rig, large, hints="lines", verify="off")
    assert answer.hint_lines == 1 and "> 型号 XK-7" in rig.engine.questions[-1][0].text and answer.question == WHAT
    rig.node.set_parameters([Parameter("hints", value="lines")])
    try:
        assert ask(rig, large, verify="off").hint_lines == 1
        assert ask(rig, large, verify="required").hint_lines == 0  # the reader has to be a witness
    finally:
        rig.node.set_parameters([Parameter("hints", value="off")])
