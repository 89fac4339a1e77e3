"""Pictures that say how they are turned: the model sees them upright, everybody else gets them as they came."""

import io

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from evidence_rig import entries, start
from PIL import Image
from robot import eventually
from sensor_msgs.msg import CompressedImage, RegionOfInterest
from test_vqa_scripted import code, key

from glm4v_ros.errors import ErrorCode
from glm4v_ros.vision.decoder import decode

STORED = np.random.default_rng(0).integers(0, 256, (60, 100, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("rig")


@pytest.fixture(scope="module")
def rig(directory):
    rig = start(directory)
    yield rig
    rig.close()


def turned(format: str, value: int) -> CompressedImage:
    exif = Image.Exif()
    exif[0x0112] = value
    stream = io.BytesIO()
    Image.fromarray(STORED).save(stream, format, exif=exif)
    message = CompressedImage(format=format.lower())
    message.header.stamp = Time(sec=4)
    message.data.frombytes(stream.getvalue())
    return message


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_upright_for_the_model_and_as_received_for_all_others(rig, directory, format):
    message = turned(format, 6)
    plain = decode(turned(format, 1).data)
    shown = rig.robot.listen(CompressedImage, "/vqa/answer_image/compressed")
    eventually(lambda: rig.robot.node.count_publishers("/vqa/answer_image/compressed"))
    eventually(lambda: rig.robot.ask("what?", compressed_images=[message]).success and shown)
    assert rig.engine.questions[-1][1][0].key == key(np.rot90(plain, -1))
    assert shown[-1] == message
    record = entries(rig)[-1]["pictures"][0]
    (kept,) = directory.glob(f"evidence/0*/pictures/{record['file']}")
    assert kept.read_bytes() == message.data.tobytes()


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_a_region_is_of_the_picture_as_stored(rig, format):
    region = RegionOfInterest(x_offset=70, y_offset=10, width=30, height=20)
    response = rig.robot.ask("what?", compressed_images=[turned(format, 6)], options={"rois": [region]})
    plain = decode(turned(format, 1).data)
    assert response.answer.text == key(np.rot90(plain[10:30, 70:100], -1))
    assert entries(rig)[-1]["pictures"][0]["region"] == [70, 10, 30, 20]
    outside = RegionOfInterest(x_offset=10, y_offset=70, width=20, height=30)
    response = rig.robot.ask("what?", compressed_images=[turned(format, 6)], options={"rois": [outside]})
    assert code(response) is ErrorCode.BAD_REQUEST and "100x60" in response.error_msg


def test_a_picture_that_lost_bytes_is_no_image(rig):
    message = turned("JPEG", 1)
    del message.data[3000:3200]
    assert code(rig.robot.ask("what?", compressed_images=[message])) is ErrorCode.BAD_IMAGE
