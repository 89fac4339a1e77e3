"""What OpenCV and NumPy raise when the system gives them no memory."""

from memory_limit import run_limited

STARVED = """
import cv2, numpy as np
from memory_limit import limited_memory
from glm4v_ros.vision.shortage import is_shortage
cv2.setNumThreads(1)
picture = np.zeros((2000, 2000, 3), np.uint8)
said = []
for work in (lambda: cv2.resize(picture, (9000, 9000)), lambda: np.zeros((9000, 9000, 3), np.uint8) + 1, lambda: cv2.resize(picture, (0, 0))):
    with limited_memory(32 << 20):
        try:
            work()
        except Exception as error:
            said.append(is_shortage(error))
print(said)
"""


def test_a_shortage_is_told_from_other_errors():
    ended = run_limited("-c", STARVED)
    assert ended.stdout.strip() == "[True, True, False]", ended.stderr
