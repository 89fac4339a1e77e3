"""Every encoding against formulas written out per pixel, which share nothing with the converter."""

import numpy as np
import pytest

from glm4v_ros.errors import BadImage
from glm4v_ros.vision import converter
from glm4v_ros.vision.converter import to_rgb

WIDTH, HEIGHT = 12, 8
ORDERS = {
    "rgb": "rgb",
    "bgr": "bgr",
    "rgba": "rgba",
    "bgra": "bgra",
    "8UC3": "bgr",
    "8UC4": "bgra",
    "16UC3": "bgr",
    "16UC4": "bgra",
}
COLOUR_8 = ("rgb8", "bgr8", "rgba8", "bgra8", "8UC3", "8UC4")
COLOUR_16 = ("rgb16", "bgr16", "rgba16", "bgra16", "16UC3", "16UC4")
GREY_8 = ("mono8", "8UC1")
PATTERNS = ("rggb", "bggr", "gbrg", "grbg")
YUV422 = {"uyvy": "uyvz", "yuv422": "uyvz", "yuyv": "yuzv", "yuv422_yuy2": "yuzv"}  # z: the second luma
YUV420 = {"nv12": "uv", "nv21": "vu"}
WIDE = [False, True]


def noise(*shape, top=256, seed=0):
    return np.random.default_rng(seed).integers(0, top, shape)


def scene(height=HEIGHT, width=WIDTH):
    """Smooth colours, (height, width, 3), so that demosaicing and chroma at half size can be compared."""
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([40 + 10 * x, 60 + 9 * y, 200 - 5 * x - 6 * y]).astype(np.uint8)


def image(encoding, values, bits=8, big=False, padding=0):
    """The fields of an Image from rows of numbers; padding bytes, which must not matter, behind each row."""
    dtype = {8: "u1", 16: "u2", 32: "f4"}[bits]
    order = ">" if big else "<"
    rows = [np.asarray(row).astype(order + dtype).tobytes() + b"\xa5" * padding for row in values]
    return {"encoding": encoding, "step": len(rows[0]), "is_bigendian": int(big), "data": b"".join(rows)}


def convert(fields, width=WIDTH, height=HEIGHT):
    rgb = to_rgb(width=width, height=height, **fields)
    assert rgb.shape == (height, width, 3) and rgb.dtype == np.uint8 and rgb.flags.c_contiguous
    return rgb.astype(int)


def flat_rows(values):
    return np.asarray(values).reshape(len(values), -1)


def eight_bit(value):
    """65536 levels to 256 in plain integers: 65535 becomes 255, halves cannot happen."""
    return (2 * int(value) + 257) // 514


# Packed colours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize("encoding", COLOUR_8)
def test_colour_8(encoding, padding):
    order = ORDERS[encoding if "UC" in encoding else encoding[:-1]]
    values = noise(HEIGHT, WIDTH, len(order))
    rgb = convert(image(encoding, flat_rows(values), padding=padding))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            assert [values[y, x, order.index(c)] for c in "rgb"] == list(rgb[y, x])


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("big", WIDE)
@pytest.mark.parametrize("encoding", COLOUR_16)
def test_colour_16(encoding, big, padding):
    order = ORDERS[encoding if "UC" in encoding else encoding[:-2]]
    values = noise(HEIGHT, WIDTH, len(order), top=65536)
    values[0, 0] = 65535
    rgb = convert(image(encoding, flat_rows(values), 16, big, padding))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            assert [eight_bit(values[y, x, order.index(c)]) for c in "rgb"] == list(rgb[y, x])


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("encoding", GREY_8)
def test_grey_8(encoding, padding):
    values = noise(HEIGHT, WIDTH)
    assert (convert(image(encoding, values, padding=padding)) == values[..., None]).all()


@pytest.mark.parametrize("big", WIDE)
def test_grey_16_uses_the_whole_range(big):
    values = noise(HEIGHT, WIDTH, top=65536)
    values[0, :2] = 0, 65535
    rgb = convert(image("mono16", values, 16, big, padding=2))
    assert rgb[..., 0].tolist() == [[eight_bit(value) for value in row] for row in values]
    assert (rgb == rgb[..., :1]).all()


# Measurements -----------------------------------------------------------------------------------------------------


def stretched(values, low, high):
    return [[round(255 * (min(max(v, low), high) - low) / (high - low)) for v in row] for row in values]


@pytest.mark.parametrize("big", WIDE)
def test_16uc1_is_stretched_without_its_invalid_zeros_and_outliers(big):
    values = np.linspace(1000, 1500, 20 * 20).round().reshape(20, 20)
    values[3, 4], values[5, 6] = 0, 65535
    ordered = sorted(v for row in values for v in row if v)
    at = lambda share: np.interp(share * (len(ordered) - 1), range(len(ordered)), ordered)  # noqa: E731
    rgb = convert(image("16UC1", values, 16, big), 20, 20)
    expected = np.array(stretched(values.tolist(), at(0.01), at(0.99)))
    assert abs(rgb[..., 1] - expected).max() <= 1  # a value just between two levels
    assert list(rgb[3, 4]) == [0, 0, 0] and list(rgb[5, 6]) == [255] * 3
    assert rgb[10, 0, 0] - rgb[9, 0, 0] > 10  # 65535 did not flatten the rest


@pytest.mark.parametrize("big", WIDE)
def test_32fc1_with_readings_out_of_range(big):
    values = np.linspace(-2.5, 7.5, 20 * 20).reshape(20, 20)
    values[0, 0], values[0, 1], values[0, 2] = np.nan, np.inf, -np.inf
    rgb = convert(image("32FC1", values, 32, big, padding=4), 20, 20)
    assert [rgb[0, x, 0] for x in range(3)] == [0, 255, 0]
    assert (np.diff(rgb[2:18, :, 0].ravel()) >= 0).all() and rgb[10, 0, 0] in range(124, 132)


@pytest.mark.parametrize("value, level", [(7.0, 128), (0.0, 0), (np.nan, 0), (np.inf, 0), (3e38, 128)])
def test_32fc1_of_one_value(value, level):
    assert (convert(image("32FC1", np.full((HEIGHT, WIDTH), value), 32)) == level).all()


def test_any_bits_make_a_picture_or_a_bad_image():
    """30 pixels a side at most, sizes mostly consistent; every bit pattern of a float among them."""
    chance = np.random.default_rng(5)
    taken = refused = 0
    for _ in range(3000):
        encoding = str(chance.choice([*converter.ENCODINGS, "8UC2", "?"]))
        width, height = map(int, chance.integers(0, 30, 2))
        step = max(0, width * int(chance.choice([1, 2, 3, 4, 6, 8])) + int(chance.choice([0, 0, 0, 1, 3, -1])))
        rows = int(chance.choice([height, height, height, height * 3 // 2, height * 3]))
        data = chance.bytes(max(0, step * rows + int(chance.choice([0, 0, 0, 0, 1, -1]))))
        try:
            convert(
                {"encoding": encoding, "step": step, "is_bigendian": int(chance.integers(2)), "data": data},
                width,
                height,
            )
            taken += 1
        except BadImage:
            refused += 1
    assert taken > 500 and refused > 500


def test_32fc1_over_the_whole_float_range():
    values = np.linspace(-3.4e38, 3.4e38, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    rgb = convert(image("32FC1", values, 32))
    assert rgb.min() == 0 and rgb.max() == 255 and (np.diff(rgb[..., 0].ravel()) >= 0).all()


# Bayer ------------------------------------------------------------------------------------------------------------


def demosaic(mosaic, pattern):
    """Bilinear, inner pixels: a missing colour is the mean of its neighbours in the 3x3 around the pixel."""
    colour_at = lambda y, x: pattern[2 * (y % 2) + x % 2]  # noqa: E731
    height, width = mosaic.shape
    rgb = np.zeros((height, width, 3))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            for i, colour in enumerate("rgb"):
                near = [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
                own = (
                    [mosaic[y, x]]
                    if colour_at(y, x) == colour
                    else [mosaic[p] for p in near if colour_at(*p) == colour]
                )
                if colour == "g" and colour_at(y, x) != "g":
                    own = [mosaic[y - 1, x], mosaic[y + 1, x], mosaic[y, x - 1], mosaic[y, x + 1]]
                rgb[y, x, i] = sum(map(int, own)) / len(own)
    return rgb


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("bits, big, padding", [(8, False, 0), (8, False, 3), (16, False, 2), (16, True, 0)])
def test_bayer(pattern, bits, big, padding):
    mosaic = noise(HEIGHT, WIDTH, top=1 << bits, seed=3)
    rgb = convert(image(f"bayer_{pattern}{bits}", mosaic, bits, big, padding))
    levels = mosaic if bits == 8 else np.vectorize(eight_bit)(mosaic)
    inner = (slice(1, -1), slice(1, -1))
    assert abs(rgb - demosaic(levels, pattern))[inner].max() <= 1


@pytest.mark.parametrize("pattern", PATTERNS)
def test_bayer_brings_back_the_scene(pattern):
    """Also at the border, where there is no full neighbourhood, the colours must be about right."""
    colours = scene()
    mosaic = [[colours[y, x, "rgb".index(pattern[2 * (y % 2) + x % 2])] for x in range(WIDTH)] for y in range(HEIGHT)]
    assert abs(convert(image(f"bayer_{pattern}8", mosaic)) - colours).max() <= 20


# YUV --------------------------------------------------------------------------------------------------------------


def yuv_of(r, g, b):
    """BT.601, video range, as ITU-R BT.601 defines it."""
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    return 16 + luma * 219 / 255, 128 + (b - luma) / 1.772 * 224 / 255, 128 + (r - luma) / 1.402 * 224 / 255


def rgb_of(y, u, v):
    y, u, v = (y - 16) * 255 / 219, (u - 128) * 255 / 224, (v - 128) * 255 / 224
    return [
        min(255, max(0, c)) for c in (y + 1.402 * v, y - (0.114 * 1.772 * u + 0.299 * 1.402 * v) / 0.587, y + 1.772 * u)
    ]


def video_luma(seed):
    """Within the video range; OpenCV takes what is below, which no camera should send, as black."""
    return 16 + noise(HEIGHT, WIDTH, top=220, seed=seed)


def close_to(rgb, expected):
    return abs(rgb - np.array(expected)).max() <= 1.5


@pytest.mark.parametrize("padding", [0, 6])
@pytest.mark.parametrize("encoding, order", YUV422.items())
def test_yuv422(encoding, order, padding):
    luma, chroma = video_luma(seed=1), noise(HEIGHT, WIDTH // 2, 2, seed=2)
    rows, expected = [], []
    for y in range(HEIGHT):
        pairs = [dict(zip("yzuv", (luma[y, 2 * i], luma[y, 2 * i + 1], *chroma[y, i]))) for i in range(WIDTH // 2)]
        rows.append([pair[name] for pair in pairs for name in order])
        expected.append([rgb_of(pair[name], pair["u"], pair["v"]) for pair in pairs for name in "yz"])
    assert close_to(convert(image(encoding, rows, padding=padding)), expected)


@pytest.mark.parametrize("padding", [0, 4])
@pytest.mark.parametrize("encoding, order", YUV420.items())
def test_yuv420(encoding, order, padding):
    luma = video_luma(seed=1)
    u, v = noise(2, HEIGHT // 2, WIDTH // 2, seed=2)
    rows = [*luma, *np.dstack([{"u": u, "v": v}[name] for name in order]).reshape(HEIGHT // 2, WIDTH)]
    expected = [[rgb_of(luma[y, x], u[y // 2, x // 2], v[y // 2, x // 2]) for x in range(WIDTH)] for y in range(HEIGHT)]
    assert close_to(convert(image(encoding, rows, padding=padding)), expected)


@pytest.mark.parametrize("width, padding", [(WIDTH, 0), (WIDTH, 4), (7, 1)])
def test_nv24(width, padding):
    luma, u, v = noise(3, HEIGHT, width, seed=4)
    chroma = [row.tobytes() + b"\xa5" * 2 * padding for row in np.dstack([u, v]).reshape(HEIGHT, -1).astype("u1")]
    fields = image("nv24", luma, padding=padding)
    fields["data"] += b"".join(chroma)
    expected = [[rgb_of(luma[y, x], u[y, x], v[y, x]) for x in range(width)] for y in range(HEIGHT)]
    assert close_to(convert(fields, width), expected)


def test_yuv_of_known_colours():
    """Red is red: guards against a swap of u and v that both sides of the formulas above could share."""
    for colour in [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)]:
        y, u, v = (round(c) for c in yuv_of(*colour))
        assert close_to(convert(image("uyvy", [[u, y, v, y]] * 2), 2, 2), [[colour] * 2] * 2)
        assert close_to(
            convert(image("nv24", [[y, y], [y, y], [u, v], [u, v], [u, v], [u, v]]), 2, 2), [[colour] * 2] * 2
        )


# Whatever holds the bytes -----------------------------------------------------------------------------------------


def test_no_encoding_is_left_out():
    bayer = [f"bayer_{pattern}{bits}" for pattern in PATTERNS for bits in (8, 16)]
    tested = [*COLOUR_8, *COLOUR_16, *GREY_8, "mono16", "16UC1", "32FC1", *bayer, *YUV422, *YUV420, "nv24"]
    assert sorted(converter.ENCODINGS) == sorted(tested)


@pytest.mark.parametrize("holder", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, np.uint8)])
def test_data_of_any_bytes_like_type(holder):
    values = noise(HEIGHT, WIDTH, 3)
    fields = image("rgb8", flat_rows(values))
    fields["data"] = holder(fields["data"])
    assert (convert(fields) == values).all()


def test_data_of_an_array_as_rclpy_has_it():
    import array

    fields = image("bgr8", flat_rows(noise(HEIGHT, WIDTH, 3)))
    fields["data"] = array.array("B", fields["data"])
    convert(fields)


@pytest.mark.parametrize("width, height", [(1, 1), (1, 50), (50, 1)])
def test_small_pictures(width, height):
    values = noise(height, width, 3)
    assert (convert(image("rgb8", flat_rows(values), padding=1), width, height) == values).all()


# Refused ----------------------------------------------------------------------------------------------------------


def refused(encoding="rgb8", width=4, height=4, step=12, data=b"\0" * 48):
    with pytest.raises(BadImage) as error:
        to_rgb(encoding, width, height, step, 0, data)
    return str(error.value)


def test_what_is_wrong_is_said():
    assert "data is 47 bytes, shorter than step 12 x 4 rows of rgb8 = 48" in refused(data=b"\0" * 47)
    assert "data is 49 bytes, longer than" in refused(data=b"\0" * 49)
    assert "shorter" in refused(data=b"")
    assert "step is 11 bytes, but a row of rgb8 needs 12" in refused(step=11)
    assert "step is 0 bytes" in refused(step=0)
    assert "step is 12 bytes, but a row of rgb16 needs 24" in refused("rgb16")
    assert "0x4" in refused(width=0) and "no pixels" in refused(height=0)
    assert "5x4" in refused("yuyv", width=5, step=10, data=b"\0" * 40)
    assert "4x3" in refused("nv12", height=3)
    assert "4x3" in refused("nv21", height=3)
    assert "shorter" in refused("nv12", step=4, data=b"\0" * 16)  # the chroma plane is missing
    assert "too small" in refused("bayer_rggb8", width=2, height=2, step=2, data=b"\0" * 4)


@pytest.mark.parametrize("encoding", ["8UC2", "16SC1", "32FC3", "64FC1"])
def test_values_that_are_no_picture(encoding):
    assert f"'{encoding}' does not say" in refused(encoding)


@pytest.mark.parametrize("encoding", ["", "RGB8", "jpeg", "rgb8 ", "h264"])
def test_unknown_encoding(encoding):
    message = refused(encoding)
    assert repr(encoding) in message and "bayer_rggb8" in message


@pytest.mark.parametrize("width, height", [(1 << 32, 1), (16385, 1), (1, 16385), (16384, 16384)])
def test_absurd_size(width, height):
    assert "megapixels" in refused(width=width, height=height, step=3 * width)
