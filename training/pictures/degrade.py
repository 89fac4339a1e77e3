"""What a camera and a workshop do to a clean picture, for a whole batch on one device, in PyTorch.

The parameters come from flaws.py. `collate` stacks those of several pictures, `degrade` applies them to (B, H, W, 3) uint8, and
`move_centres` follows points through the perspective. Parameters stay on the CPU, where it is decided what has to be done: a GPU that
is asked has to finish first what it is at.
"""

from __future__ import annotations

from functools import cache
from math import pi

import numpy as np
import torch
import torch.nn.functional as F


def collate(params: list[dict[str, np.ndarray]]) -> dict[str, torch.Tensor]:
    """Stacks the parameters of pictures of one size: name -> (B, ...)."""
    return {name: torch.from_numpy(np.stack([one[name] for one in params])) for name in params[0]}


def move_centres(centres, params):
    """Where points (n, 2) of the clean picture lie after the perspective of one picture's parameters."""
    back = np.asarray(params["back"], np.float64)
    if len(centres) == 0:
        return np.asarray(centres, np.float32)
    forth = np.linalg.inv(back)
    points = np.concatenate([np.asarray(centres, np.float64), np.ones((len(centres), 1))], 1) @ forth.T
    return (points[:, :2] / points[:, 2:]).astype(np.float32)


# Pixels


def _grid(back: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """(B, H, W, 2) sampling positions in [-1, 1]."""
    device = back.device
    x = torch.arange(width, device=device, dtype=torch.float32) + 0.5
    y = torch.arange(height, device=device, dtype=torch.float32) + 0.5
    row = lambda i: back[:, i, 0, None, None] * x + back[:, i, 1, None, None] * y[:, None] + back[:, i, 2, None, None]  # noqa: E731
    depth = row(2)
    return torch.stack([row(0) / depth * (2 / width) - 1, row(1) / depth * (2 / height) - 1], -1)


def _noise_field(batch: int, height: int, width: int, generator, device) -> torch.Tensor:
    """(B, 1, H, W) of three octaves, about in [0, 1]."""
    total = torch.zeros(batch, 1, height, width, device=device)
    for cells, weight in ((5, 0.45), (16, 0.33), (56, 0.22)):
        grid = torch.rand(batch, 1, cells, cells, generator=generator, device=device)
        total += weight * F.interpolate(grid, (height, width), mode="bilinear", align_corners=True)
    return total


def _convolved(images: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Each picture (B, 3, H, W) with its own kernel (B, h, w), odd sizes."""
    # By spectra: 4 ms for 128 pictures of 448x336 on an H100, whatever the kernel's size.
    rows, columns = kernels.shape[1:]
    padded = F.pad(images, (columns // 2, columns // 2, rows // 2, rows // 2), mode="replicate")
    size = [-(-n // 32) * 32 for n in padded.shape[-2:]]  # few sizes, all quick ones
    spectrum = torch.fft.rfft2(padded, s=size) * torch.fft.rfft2(kernels[:, None], s=size)
    return torch.fft.irfft2(spectrum, s=size)[..., rows - 1 : padded.shape[-2], columns - 1 : padded.shape[-1]]


def _blurred(images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Gaussian blur of `sigma` px for each picture; below 0.3 px none."""
    if float(sigma.max()) < 0.3:
        return images
    radius = int(np.ceil(2.6 * float(sigma.max())))
    span = torch.arange(-radius, radius + 1, dtype=torch.float32)
    kernel = torch.exp(-(span**2) / (2 * sigma.clamp(min=0.05)[:, None] ** 2))
    kernel = torch.where(sigma[:, None] < 0.3, (span == 0).float(), kernel)
    kernel = (kernel / kernel.sum(1, keepdim=True)).to(images.device, non_blocking=True)
    return _convolved(images, kernel[:, :, None] * kernel[:, None, :])


def _smeared(images: torch.Tensor, motion: torch.Tensor) -> torch.Tensor:
    """Motion blur: (length in px, direction) for each picture; below 0.6 px none."""
    moving = (motion[:, 0] >= 0.6).nonzero()[:, 0]
    if not len(moving):
        return images
    length, direction = motion[moving].unbind(1)
    radius = int(np.ceil(float(length.max()) / 2)) + 1
    span = torch.arange(-radius, radius + 1, dtype=torch.float32)
    along = length[:, None] * torch.linspace(-0.5, 0.5, 9)
    dx, dy = along * direction[:, None].cos(), along * direction[:, None].sin()
    kernel = (
        (1 - (span[None, None, None] - dx[..., None, None]).abs()).clamp(min=0)
        * (1 - (span[None, None, :, None] - dy[..., None, None]).abs()).clamp(min=0)
    ).sum(1)
    kernel = kernel / kernel.sum((1, 2), keepdim=True)
    moving, kernel = (value.to(images.device, non_blocking=True) for value in (moving, kernel))
    images = images.clone()
    images[moving] = _convolved(images[moving], kernel)
    return images


def _softened(images: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
    """Scaled down by `factor` and up again: pictures of like factors go together."""
    batch, _, height, width = images.shape
    out = images
    for step in (1.3, 1.6, 2.0, 2.6, 3.4):
        chosen = ((factor - step).abs() < step * 0.13).nonzero()[:, 0]
        if len(chosen):
            chosen = chosen.to(images.device, non_blocking=True)
            small = F.interpolate(
                images[chosen],
                (int(height / step), int(width / step)),
                mode="bilinear",
                antialias=True,
                align_corners=False,
            )
            if out is images:
                out = images.clone()
            out[chosen] = F.interpolate(small, (height, width), mode="bicubic", align_corners=False)
    return out


def _on_a_screen(images: torch.Tensor, places: torch.Tensor, screens: torch.Tensor) -> torch.Tensor:
    """The raster of red, green and blue stripes of pictures that a screen shows.

    It is sampled at the middle of the camera's pixels alone, as a sensor does, which makes its moiré.
    """
    chosen = (screens[:, 2:].sum(1) > 0).nonzero()[:, 0]
    if not len(chosen):
        return images
    height, width = images.shape[-2:]
    chosen, screens = (value.to(images.device, non_blocking=True) for value in (chosen, screens[chosen]))
    across, down, columns, rows = (v.reshape(-1, 1, 1, 1) for v in screens.unbind(1))
    x, y = ((places[chosen, None, ..., i] + 1) / 2 * side for i, side in ((0, width), (1, height)))
    third = torch.arange(3, device=images.device, dtype=torch.float32).reshape(1, 3, 1, 1) / 3
    raster = 1 + columns * torch.cos(2 * pi * (x / across + third)) + rows * torch.cos(2 * pi * y / down)
    images = images.clone()
    images[chosen] *= raster
    return images


_LUMA = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=torch.float32,
)  # ITU-T T.81, table K.1
_CHROMA = torch.full((8, 8), 99.0)  # table K.2
_CHROMA[:4, :4] = torch.tensor(
    [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]], dtype=torch.float32
)


@cache
def _tables(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    return _LUMA.to(device), _CHROMA.to(device)


@cache
def _cosines(device: torch.device) -> torch.Tensor:
    k = torch.arange(8, dtype=torch.float32, device=device)
    rows = torch.cos((2 * k[None] + 1) * k[:, None] * pi / 16) * 0.5
    rows[0] *= 2**-0.5
    return rows


def _quantised(plane: torch.Tensor, table: torch.Tensor, cosines: torch.Tensor) -> torch.Tensor:
    """Rounds the DCT coefficients of (B, H, W), multiples of 8, to multiples of `table` (B, 8, 8)."""
    batch, height, width = plane.shape
    blocks = plane.reshape(batch, height // 8, 8, width // 8, 8).transpose(2, 3)
    coefficients = cosines @ blocks @ cosines.T
    table = table[:, None, None]
    coefficients = torch.round(coefficients / table) * table
    return (cosines.T @ coefficients @ cosines).transpose(2, 3).reshape(batch, height, width)


def _jpeg(images: torch.Tensor, quality: torch.Tensor) -> torch.Tensor:
    """JPEG's losses, 4:2:0, at a quality of 1 to 100 for each picture (B, 3, H, W), 0 to 255."""
    height, width = images.shape[-2:]
    padded = F.pad(images, (0, -width % 16, 0, -height % 16), mode="replicate") - 128
    r, g, b = padded.unbind(1)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    chroma = F.avg_pool2d(torch.stack([(b - y) * 0.564, (r - y) * 0.713], 1), 2)
    scale = torch.where(quality < 50, 5000 / quality.clamp(min=1), 200 - 2 * quality)[:, None, None]
    cosines = _cosines(images.device)
    tables = [torch.floor((table * scale + 50) / 100).clamp(1, 255) for table in _tables(images.device)]
    y = _quantised(y, tables[0], cosines)
    half = chroma.shape[-2:]
    chroma = _quantised(chroma.flatten(0, 1), tables[1].repeat_interleave(2, 0), cosines).reshape(-1, 2, *half)
    blue, red = F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False).unbind(1)
    r, b = y + red / 0.713, y + blue / 0.564
    g = (y - 0.299 * r - 0.114 * b) / 0.587
    return torch.stack([r, g, b], 1)[..., :height, :width] + 128


@torch.no_grad()
def degrade(images: torch.Tensor, params: dict[str, torch.Tensor], seed: int = 0, chunk: int = 64) -> torch.Tensor:
    """Applies each picture's parameters (on the CPU): (B, H, W, 3) uint8 -> the same, on the images' device, `chunk` at a time."""
    generator = torch.Generator(images.device).manual_seed(seed)
    parts = [
        _degraded(images[i : i + chunk], {name: value[i : i + chunk] for name, value in params.items()}, generator)
        for i in range(0, len(images), chunk)
    ]
    return torch.cat(parts)


def _degraded(images: torch.Tensor, params: dict[str, torch.Tensor], generator: torch.Generator) -> torch.Tensor:
    device = images.device
    batch, height, width, _ = images.shape
    column = lambda value: value.reshape(batch, 1, 1, 1)  # noqa: E731
    known, params = params, {name: value.to(device, non_blocking=True) for name, value in params.items()}
    picture = images.permute(0, 3, 1, 2).float()

    # On the plate: stains, dirt, scratches. They are part of the scene, so they come before the camera.
    if bool((known["rust"][:, 0] > 0).any()):
        field = _noise_field(batch, height, width, generator, device)
        cover = ((field - column(params["rust"][:, 1])) * 14).sigmoid_() * column(params["rust"][:, 0])
        picture = picture + cover * (params["rust"][:, 2:5, None, None] - picture)
    if bool((known["dirt"] > 0).any()):
        picture = picture * (1 - column(params["dirt"]) * _noise_field(batch, height, width, generator, device))
    x = torch.arange(width, device=device, dtype=torch.float32) - width / 2
    y = torch.arange(height, device=device, dtype=torch.float32)[:, None] - height / 2
    for number, scratch in enumerate(params["scratches"].unbind(1)):
        direction, offset, half, shade = scratch.unbind(1)
        if bool((known["scratches"][:, number, 3] != 0).any()):
            distance = (x * column(direction.cos()) + y * column(direction.sin()) - column(offset)).abs()
            cover = (column(half) + 0.5 - distance).clamp(0, 1) * column(shade.abs())
            picture = picture + cover * (column((shade > 0) * 255.0) - picture)

    places = _grid(params["back"], height, width)
    picture = F.grid_sample(picture, places, mode="bilinear", padding_mode="border", align_corners=False)
    picture = _on_a_screen(picture, places, known["screen"])

    # Light.
    light = F.interpolate(params["light"][:, None], (height, width), mode="bilinear", align_corners=True)
    picture = picture * light
    if bool((known["glare"][:, 3] > 0).any()):
        gx, gy, radius, strength = (column(v) for v in params["glare"].unbind(1))
        distance = (x + width / 2 - gx) ** 2 + (y + height / 2 - gy) ** 2
        cover = strength * torch.exp(-distance / (2 * radius**2))
        picture = picture + cover * (255 - picture)

    # Lens and sensor.
    picture = _smeared(_blurred(picture, known["blur"]), known["motion"])
    picture = _softened(picture, known["soften"])
    contrast, gamma, brightness = (column(v) for v in params["tone"].unbind(1))
    picture = (picture * params["cast"][:, :, None, None]).clamp(0, 255)
    picture = 255 * (picture / 255) ** gamma
    picture = (picture - 128) * contrast + 128 + brightness
    picture = torch.where(column(params["gray"]) > 0, picture.mean(1, keepdim=True), picture)
    if bool((known["noise"] > 0).any()):
        noise = torch.randn(picture.shape, generator=generator, device=device)
        picture = picture + noise * column(params["noise"])
    picture = _jpeg(picture.clamp(0, 255), params["jpeg"])
    return picture.clamp(0, 255).round().byte().permute(0, 2, 3, 1).contiguous()
