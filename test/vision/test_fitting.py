import pytest

from glm4v_ros.errors import Unsupported
from glm4v_ros.vision.fitting import fitting


def cells(width: int, height: int) -> int:
    return -(-width // 28) * -(-height // 28)


@pytest.mark.parametrize("size", [(448, 336), (1600, 200), (29, 4000), (28, 28)])
@pytest.mark.parametrize("most", [0, 4, 100, 1000])
def test_a_picture_takes_no_more_tokens_than_are_allowed(size, most):
    width, height = fitting(*size, most, cells, smallest=28)
    if not most or cells(*size) <= most:
        assert (width, height) == size
    else:
        assert cells(width, height) <= most
        assert width <= size[0] and height <= size[1] and min(width, height) >= 1


def test_too_few_for_the_smallest_picture():
    with pytest.raises(Unsupported, match="max_image_tokens 2 is too few: the smallest picture takes 5"):
        fitting(100, 80, 2, lambda width, height: 5, smallest=28)
