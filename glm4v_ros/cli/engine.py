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
    from glm4v_ros.remote.config import RemoteConfig
    from glm4v_ros.remote.engine import RemoteEngine


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
    group.add_argument("--watchdog", type=float, default=60.0, metavar="S",
                       help="seconds without any progress after which the engine has failed (default: %(default)g); 0: never")
    group.add_argument("--max-image-tokens", type=at_least(0), default=0, metavar="N",
                       help="tokens per picture: fewer are faster and see less; 0: the model's own cap")


def add_remote_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("another machine's model", "in place of one here; the pictures go there (docs/remote.md)")
    group.add_argument("--remote-url", default="", metavar="URL",
                       help="server of OpenAI's API (vLLM, SGLang, llama-server, glm4v serve): https://HOST[:PORT]; http only on this machine")
    group.add_argument("--remote-model", default="", metavar="NAME", help="as the server calls it")
    group.add_argument("--remote-key-file", default="", metavar="FILE",
                       help="its first line is the key; default: the environment's GLM4V_REMOTE_KEY, if any")
    group.add_argument("--remote-encoding", choices=("jpeg", "png"), default="jpeg",
                       help="of pictures on their way; png loses nothing (default: %(default)s)")


def at_least(least: int):
    """An argparse type."""

    def number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is less than {least}")
        return value

    return number


def config(args: argparse.Namespace, parallel: int = 1) -> EngineConfig | RemoteConfig:
    """BadRequest for an unknown model, one whose files are missing, or an address to which no picture goes."""
    if getattr(args, "remote_url", ""):
        return _remote(args, parallel)
    from glm4v_ros.catalog import catalog
    from glm4v_ros.engine.config import EngineConfig
    from glm4v_ros.errors import BadRequest

    if not 0 <= args.watchdog < float("inf"):
        raise BadRequest(f"--watchdog is a number of seconds, 0 or more, not {args.watchdog:g}")
    if bool(args.text) != bool(args.vision):
        raise BadRequest("--text and --vision go together")
    if args.text:
        model = catalog.model_of(args.text, args.vision)
    else:
        model = catalog.require(catalog.Catalog.load().model(args.model))
    return EngineConfig(
        model=model, context_tokens=args.context, threads=args.threads, gpu_layers=args.gpu_layers,
        image_max_tokens=args.max_image_tokens, max_parallel=parallel, watchdog_timeout=args.watchdog,
    )  # fmt: skip


def _remote(args: argparse.Namespace, parallel: int) -> RemoteConfig:
    from glm4v_ros.remote.config import RemoteConfig, read_key

    return RemoteConfig(
        args.remote_url, args.remote_model, read_key(args.remote_key_file),
        encoding=args.remote_encoding,
        image_max_tokens=args.max_image_tokens, max_parallel=parallel,
    )  # fmt: skip


def image_tokens(config: EngineConfig | RemoteConfig) -> int:
    """The most that one picture takes."""
    return config.model.most_image_tokens(config.image_max_tokens)


@contextmanager
def running(config: EngineConfig | RemoteConfig) -> Iterator[EngineClient | RemoteEngine]:
    """An engine with the model loaded, closed at the end. Progress goes to stderr where a person looks at it."""
    from glm4v_ros.engine.client import EngineClient
    from glm4v_ros.remote.config import RemoteConfig
    from glm4v_ros.remote.engine import RemoteEngine

    client = RemoteEngine(config) if isinstance(config, RemoteConfig) else EngineClient(config)
    try:
        with Progress(f"loading {config.model.name}") as progress:
            client.start(progress)
        yield client
    finally:
        client.close()

