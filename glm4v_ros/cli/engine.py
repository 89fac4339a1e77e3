"""The options by which every verb chooses and runs a model."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from glm4v_ros.cli.progress import Progress

if TYPE_CHECKING:
    from glm4v_ros.engine.client import EngineClient
    from glm4v_ros.engine.config import EngineConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("model")
    group.add_argument("--model", metavar="NAME", default="glm4v-nano",
                       help="of `glm4v models list`, or a directory with its two GGUF files (default: %(default)s)")
    group.add_argument("--text", metavar="FILE", help="text GGUF of a model that has no name; with --vision")
    group.add_argument("--vision", metavar="FILE", help="vision (mmproj) GGUF; with --text")
    group.add_argument("--threads", type=at_least(0), default=0, metavar="N", help="CPU threads; 0: every core")
    group.add_argument("--gpu-layers", type=at_least(-1), default=-1, metavar="N",
                       help="layers on the GPU; -1: all that fit, 0: none")
    group.add_argument("--context", type=at_least(0), default=4096, metavar="N",
                       help="tokens that pictures, question and answer share (default: %(default)s)")
    group.add_argument("--max-image-tokens", type=at_least(0), default=0, metavar="N",
                       help="tokens per picture: fewer are faster and see less; 0: the model's own cap")


def at_least(least: int):
    """An argparse type."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return number


def config(args: argparse.Namespace, parallel: int = 1) -> EngineConfig:
    """BadRequest for an unknown model or one whose files are missing."""
    from glm4v_ros.catalog import catalog
    from glm4v_ros.engine.config import EngineConfig
    from glm4v_ros.errors import BadRequest

    if bool(args.text) != bool(args.vision):
        raise BadRequest("--text and --vision go together")
    if args.text:
        model = catalog.model_of(args.text, args.vision)
    else:
        model = catalog.require(catalog.Catalog.load().model(args.model))
    return EngineConfig(
        model=model, context_tokens=args.context, threads=args.threads, gpu_layers=args.gpu_layers,
        image_max_tokens=args.max_image_tokens, max_parallel=parallel,
    )  # fmt: skip


def image_tokens(config: EngineConfig) -> int:
    """The most that one picture takes."""
    return config.image_max_tokens or config.model.image_max_tokens or 4096  # mtmd's own for GLM-4V


@contextmanager
def running(config: EngineConfig) -> Iterator[EngineClient]:
    """An engine with the model loaded, closed at the end. Progress goes to stderr where a person looks at it."""
    from glm4v_ros.engine.client import EngineClient

    client = EngineClient(config)
    try:
        with Progress(f"loading {config.model.name}") as progress:
            client.start(progress)
        yield client
    finally:
        client.close()

