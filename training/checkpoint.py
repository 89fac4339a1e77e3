"""Weights on disk, small enough to travel between two leases of a GPU.

bf16, stored as two planes (the exponents compress well, the mantissas not at all) in files of at most 15 MiB.
"""

from __future__ import annotations

import json
import lzma
import shutil
from pathlib import Path

import numpy as np
import torch

PART_BYTES = 15 << 20


def save(state: dict[str, torch.Tensor], folder: Path, **notes) -> None:
    """Writes ``state`` at bf16 and ``notes`` (JSON: steps, figures) into ``folder``."""
    bits = [t.detach().to("cpu", torch.bfloat16).contiguous().view(torch.int16).numpy().ravel() for t in state.values()]
    words = np.concatenate(bits).view(np.uint16)
    exponents = ((words >> 7) & 0xFF).astype(np.uint8)
    rest = ((words >> 8) & 0x80 | words & 0x7F).astype(np.uint8)
    packed = lzma.compress(exponents.tobytes(), preset=1)
    header = {"shapes": {name: list(t.shape) for name, t in state.items()}, "exponent_bytes": len(packed), **notes}
    payload = packed + rest.tobytes()
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for number, start in enumerate(range(0, len(payload), PART_BYTES)):
        (fresh / f"part-{number}.bin").write_bytes(payload[start : start + PART_BYTES])
    (fresh / "header.json").write_text(json.dumps(header))
    shutil.rmtree(folder, ignore_errors=True)  # a lease may end at any moment, so the old one stays until the new one is whole
    fresh.rename(folder)


def load(folder: Path) -> dict[str, torch.Tensor]:
    """The state that ``save`` wrote, as bf16 tensors."""
    header = json.loads((folder / "header.json").read_text())
    parts = sorted(folder.glob("part-*.bin"), key=lambda p: int(p.stem[5:]))
    payload = b"".join(p.read_bytes() for p in parts)
    cut = header["exponent_bytes"]
    exponents = np.frombuffer(lzma.decompress(payload[:cut]), np.uint8).astype(np.uint16)
    rest = np.frombuffer(payload[cut:], np.uint8).astype(np.uint16)
    words = (rest & 0x80) << 8 | exponents << 7 | rest & 0x7F
    flat = torch.from_numpy(words.view(np.int16).copy()).view(torch.bfloat16)
    state, start = {}, 0
    for name, shape in header["shapes"].items():
        count = int(np.prod(shape))
        state[name] = flat[start : start + count].view(shape)
        start += count
    return state
