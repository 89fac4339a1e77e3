"""The embedded model behind the same requests as in test_vqa_fuzz: each ends once, in the same processes.

20 cases; GLM4V_FUZZ_CASES=5000 makes them 1,000.
"""

from __future__ import annotations

import fuzz
from builtin_interfaces.msg import Time
from hostile_requests import COLOUR, Asked, requests
from hypothesis import given
from robot import image, wait
from test_vqa import PARAMETERS
from vqa_process import VqaProcess

CASES = fuzz.cases(100) // 5


def test_every_request_ends_once_with_the_embedded_model():
    vqa = VqaProcess(**PARAMETERS)
    try:
        front = vqa.robot.camera("/front/image_raw")
        while not int(vqa.diagnosis("camera front")["pictures"]):
            front.publish(image(COLOUR, vqa.robot.now()))
        request = dict(question="What is it?", images=[image(COLOUR, Time())], options={"deterministic": True, "max_tokens": 6})
        right, pid = vqa.robot.ask(**request).answer.text, vqa.diagnosis("engine")["worker pid"]
        asked = Asked(vqa.robot)

        @fuzz.fuzz(CASES)
        @given(requests())
        def every(case):
            if asked.outcomes.total() % 10 == 0:  # long conversations are slow, and another matter
                wait(vqa.robot.reset.call_async(vqa.robot.reset.srv_type.Request()))
            asked.ask(*case)

        every()
        asked.close()
        asked.check()
        assert vqa.robot.ask(**request).answer.text == right
        assert vqa.diagnosis("engine")["worker pid"] == pid and vqa.process.poll() is None
    finally:
        vqa.close()
