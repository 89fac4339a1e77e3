"""How much memory a model takes here, and whether there is enough, without loading it."""

from __future__ import annotations

import argparse
from dataclasses import replace

from glm4v_ros.cli import engine, jsonl

FITS, DOES_NOT_FIT = 0, 1
_MIB = 2**20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="name from `glm4v models list`; the same as --model")
    engine.add_arguments(parser)
    parser.add_argument("--kv", default="f16", choices=("f32", "f16", "q8_0"), help="KV cache (default: %(default)s)")
    parser.add_argument("--no-flash-attention", action="store_true")
    parser.add_argument("--json", action="store_true", help="one JSON object, bytes")


def run(args: argparse.Namespace) -> int:
    """0 when it fits, 1 when it does not."""
    from glm4v_ros.catalog.pair import Pair
    from glm4v_ros.engine.estimate import estimate

    args.model = args.name or args.model
    config = replace(engine.config(args), kv_type=args.kv, flash_attention=not args.no_flash_attention)
    found = estimate(config)
    vision = Pair.of(config.model).vision
    more = vision.f16_bytes - vision.weight_bytes
    f16_fits = more > 0 and found.peak + more <= found.device.free
    rows = {
        "language model": found.text_weights,
        "vision tower": found.vision_weights,
        f"KV cache, {config.context_tokens} tokens, {config.kv_type}": found.kv,
        "buffers of the language model": found.text_buffers,
        "buffers of the vision tower, about": found.vision_buffers,
        "in all, while a picture is encoded": found.peak,
        "between pictures with vision_resident: false": found.between_frames,
    }
    if args.json:
        print(jsonl.dump({"model": config.model.name, **rows,
                          "devices": [vars(device) for device in found.devices],
                          "device": found.device.name, "fits": found.fits,
                          "vision tower at F16": vision.f16_bytes, "f16_fits": f16_fits}))  # fmt: skip
        return FITS if found.fits else DOES_NOT_FIT
    for what, size in rows.items():
        print(f"{what:48} {size / _MIB:9,.0f} MiB")
    for device in found.devices:
        mark = "*" if device == found.device else " "
        shared = ", shared with the processor" if device.kind == "unified" else ""
        print(f"{mark} free on {device.name + shared:39} {device.free / _MIB:9,.0f} of {device.total / _MIB:,.0f} MiB")
    print("not counted: a GPU driver's own memory, ROS and your other programs")
    if found.fits:
        print(f"it fits on {found.device.name}")
        if found.on_gpu and f16_fits:
            print(f"a vision file at F16 would take {more / _MIB:,.0f} MiB more, which fits too, and a GPU encodes a picture in about "
                  "three quarters of the time (docs/models.md)")  # fmt: skip
        return FITS
    short = (found.peak - found.device.free) / _MIB
    print(f"{short:,.0f} MiB are missing on {found.device.name}: try fewer --context tokens, --kv q8_0, "
          "--gpu-layers 0, a smaller quantisation or a smaller model")  # fmt: skip
    return DOES_NOT_FIT
