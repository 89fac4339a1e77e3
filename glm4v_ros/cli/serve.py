"""Serve the web page and an API like OpenAI's, with the model in this machine's memory.

examples:
  glm4v serve                                     then open http://127.0.0.1:8080
  glm4v serve --model glm-4.6v-flash --port 9000
  glm4v serve --add-key tablet                    makes an API key and prints it, once
  glm4v serve --lan                               for phones in this network: HTTPS, a key, a QR code
  glm4v serve --host 0.0.0.0 --tls-cert chain.pem --tls-key key.pem --allowed-host robot.example

Without options only this machine reaches it. docs/serve.md has the API, keys, certificates, and how to run it as a
service.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from glm4v_ros.cli import engine
from glm4v_ros.errors import BadRequest

if TYPE_CHECKING:
    from glm4v_ros.web.keys import KeyRing
    from glm4v_ros.web.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where")
    group.add_argument("--host", default="", metavar="ADDRESS", help="to listen on (default: 127.0.0.1)")
    group.add_argument(
        "--port", type=engine.at_least(0), default=8080, metavar="N", help="(default: %(default)s; 0: any)"
    )
    group.add_argument(
        "--lan",
        action="store_true",
        help="for phones and tablets in this network: makes a certificate and a key, prints address and QR code",
    )
    group.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        dest="allowed_hosts",
        help="a name by which browsers call this server; others are refused",
    )
    group.add_argument(
        "--proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        dest="proxies",
        help="address or network of a proxy before this server, whose X-Forwarded-For is believed",
    )
    group.add_argument("--tls-cert", metavar="FILE", help="certificate chain (PEM); with --tls-key")
    group.add_argument("--tls-key", metavar="FILE", help="its key (PEM)")
    group = parser.add_argument_group("who")
    group.add_argument(
        "--keys", metavar="FILE", help="the API keys' hashes (default: ~/.config/glm4v_ros/serve_keys.json)"
    )
    group.add_argument("--add-key", metavar="NAME", help="make a key, print it, and end")
    group.add_argument("--remove-key", metavar="NAME", help="take a key out, and end")
    group.add_argument("--require-key", action="store_true", help="also on this machine alone")
    group.add_argument("--insecure-no-key", action="store_true", help="no key, though other machines reach this server")
    group = parser.add_argument_group("how much")
    group.add_argument(
        "--per-minute",
        type=engine.at_least(1),
        default=0,
        metavar="N",
        help="questions of one key or address (default: 120); with --add-key: of that key",
    )
    group.add_argument(
        "--parallel",
        type=engine.at_least(1),
        default=8,
        metavar="N",
        help="questions that are answered at once (default: %(default)s)",
    )
    group.add_argument(
        "--queue",
        type=engine.at_least(0),
        default=16,
        metavar="N",
        help="questions that wait; one more is refused with 429 (default: %(default)s)",
    )
    group.add_argument(
        "--timeout",
        type=float,
        default=120.0,
        metavar="S",
        help="most seconds of a question whose request does not say (default: %(default)g)",
    )
    group.add_argument(
        "--allow-demo-model", action="store_true", help="let presets run that refuse a model for trying out"
    )
    group.add_argument(
        "--verify",
        choices=("off", "auto", "required"),
        default="off",
        help="have a second reader check the print that answers quote, where a request does not say (the page asks for it)",
    )
    group.add_argument("--log-requests", action="store_true", help="a line of JSON for each request on stderr")
    engine.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.web.keys import KeyRing
    from glm4v_ros.web.packages import check_packages

    check_packages()
    path = Path(args.keys or os.path.expanduser("~/.config/glm4v_ros/serve_keys.json"))
    keys = KeyRing.load(path)
    if args.add_key or args.remove_key:
        return _change_keys(args, keys, path)
    return _serve(args, keys, path)


def _change_keys(args: argparse.Namespace, keys: KeyRing, path: Path) -> int:
    if args.remove_key:
        keys.without(args.remove_key).save(path)
        return 0
    keys, secret = keys.with_new(args.add_key, args.per_minute)
    keys.save(path)
    print(secret)
    print("This is the only time that it is shown. A running server knows it after its next start.", file=sys.stderr)
    return 0


def _serve(args: argparse.Namespace, keys: KeyRing, path: Path) -> int:
    from glm4v_ros.reader.client import SecondReader
    from glm4v_ros.web import server
    from glm4v_ros.web.app import make_app
    from glm4v_ros.web.engine_asker import EngineAsker
    from glm4v_ros.web.pictures import PictureStore
    from glm4v_ros.web.print_checks import PrintChecks

    settings = _settings(args, keys)
    certificate, secret, names = _certificate(args), "", ()
    if args.lan:
        from glm4v_ros.web import lan

        certificate, names = lan.certificate(settings.host)
        keys, secret = lan.key(keys, path)
    settings = replace(settings, tls=certificate is not None, allowed_hosts=(*settings.allowed_hosts, *names),
                       keys_required=settings.keys_required or args.lan)  # fmt: skip
    settings.check()
    listening = server.listen(settings)  # before the model: a port in use should not have to wait for it
    config = replace(engine.config(args, args.parallel), max_queue=args.queue)
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    logging.getLogger("glm4v_ros.web.access").setLevel(logging.INFO if args.log_requests else logging.WARNING)
    pictures = PictureStore()
    with listening, engine.running(config) as client, SecondReader() as reader:
        checks = PrintChecks(reader, args.verify)
        asker = EngineAsker(client, config.model, pictures, config.max_parallel + config.max_queue,
                            allow_demo_model=args.allow_demo_model, checks=checks)  # fmt: skip
        app = make_app(asker, pictures, settings, keys, timeout=args.timeout)
        tell = partial(_tell, settings, listening.getsockname()[1], secret)
        server.run(server.make_server(app, settings, certificate=certificate, on_started=tell), listening)
        checks.close()
    pictures.close()
    return 0


def _settings(args: argparse.Namespace, keys: KeyRing) -> Settings:
    from glm4v_ros.web.settings import Settings

    settings = Settings(
        host=args.host or ("0.0.0.0" if args.lan else "127.0.0.1"), port=args.port,
        insecure_no_key=args.insecure_no_key,
        allowed_hosts=tuple(args.allowed_hosts), proxies=tuple(args.proxies), per_minute=float(args.per_minute or 120),
    )  # fmt: skip
    wanted = args.require_key or (not settings.loopback and not args.insecure_no_key)
    if wanted and not args.lan and not len(keys):
        raise BadRequest("there is no key yet: make one with `glm4v serve --add-key NAME`")
    return replace(settings, keys_required=wanted)


def _certificate(args: argparse.Namespace) -> tuple[str, str] | None:
    if bool(args.tls_cert) != bool(args.tls_key):
        raise BadRequest("--tls-cert and --tls-key go together")
    return (args.tls_cert, args.tls_key) if args.tls_cert else None


def _tell(settings: Settings, port: int, secret: str) -> None:
    """Where to go, on stderr."""
    if settings.insecure_no_key and not settings.loopback:
        print(
            "glm4v: EVERYBODY WHO REACHES THIS ADDRESS MAY ASK AND SEE CAMERAS: --insecure-no-key was given",
            file=sys.stderr,
        )
    if secret:
        from glm4v_ros.web import lan

        lan.tell(settings, port, secret)
        return
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    key = ", with a key" if settings.keys_required else ""
    print(f"glm4v: http{'s' * settings.tls}://{host}:{port} is ready{key}; Ctrl+C ends it", file=sys.stderr, flush=True)
