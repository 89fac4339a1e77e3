"""A box that was moved is told from a camera that looks at a still one."""

import cv2
import numpy as np
import pytest

from glm4v_ros.vision.change import change

LEAST = 8.0  # grey levels, as asking/medicine_inquiry.py has it


def scene(left=200, size=(640, 480), text="Ibuprofen 400 mg"):
    """A box with print on it, before a wall that is lit from one side, (height, width, 3) uint8 RGB."""
    width, height = 640, 480
    rgb = np.repeat(np.linspace(90, 140, width)[None, :, None], height, 0).repeat(3, 2).astype(np.uint8)
    cv2.rectangle(rgb, (left, 180), (left + 240, 300), (235, 235, 240), -1)
    cv2.putText(rgb, text, (left + 10, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (20, 30, 120), 2)
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def noisy(rgb, sigma, seed):
    noise = np.random.default_rng(seed).normal(0, sigma, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(640, 480), (1920, 1080), (320, 240)])
@pytest.mark.parametrize("sigma", [1, 3, 6])
def test_noise_is_no_change(size, sigma):
    still = scene(size=size)
    assert change(noisy(still, sigma, 1), noisy(still, sigma, 2)) < LEAST


@pytest.mark.parametrize("quality", [60, 90])
def test_compression_is_no_change(quality):
    pictures = [
        cv2.imdecode(cv2.imencode(".jpg", noisy(scene(), 3, seed), [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)
        for seed in (1, 2)
    ]
    assert change(*pictures) < LEAST


def test_exposure_is_no_change():
    still = scene()
    brighter = np.clip(still * 0.9 + 12.0, 0, 255).astype(np.uint8)
    assert change(noisy(still, 2, 1), noisy(brighter, 2, 2)) < LEAST


def test_the_same_picture_is_no_change_in_any_size():
    assert change(scene(), scene()) == 0.0
    assert change(scene(), scene(size=(320, 240))) < LEAST
    assert change(np.zeros((1, 1, 3), np.uint8), np.full((2, 3, 3), 9, np.uint8)) == 0.0


@pytest.mark.parametrize("pixels", [-40, -6, 6, 40])
def test_a_box_that_was_moved_is_one(pixels):
    """By about a hundredth of the picture's width and more."""
    assert change(noisy(scene(), 3, 1), noisy(scene(200 + pixels), 3, 2)) >= LEAST


def test_another_view_is_one():
    turned = cv2.warpAffine(scene(), cv2.getRotationMatrix2D((320, 240), 3, 1.0), (640, 480), borderMode=1)
    nearer = cv2.resize(scene()[24:-24, 32:-32], (640, 480))
    assert change(scene(), turned) >= LEAST and change(scene(), nearer) >= LEAST
