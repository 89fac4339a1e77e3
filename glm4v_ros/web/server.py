"""Runs the app on a socket until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import ssl
from collections.abc import Callable

import uvicorn

from glm4v_ros.errors import BadRequest
from glm4v_ros.web.protocol import protocol
from glm4v_ros.web.settings import Settings

_FIRST_FD = 3  # of the sockets that systemd hands over
_HEAD_BYTES = 32 << 10
_FAREWELL = 10  # seconds that answers may still take once the server is told to stop


def listen(settings: Settings) -> socket.socket:
    """The socket that systemd opened for this process, else one of our own. Raises BadRequest."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS", "0") != "0":
        if os.environ["LISTEN_FDS"] != "1":
            raise BadRequest("systemd handed over more than one socket; the .socket unit has one ListenStream")
        return socket.socket(fileno=_FIRST_FD)
    try:
        family = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0][0]
        # With the protocol named, asyncio turns Nagle's algorithm off; else each answer on a kept connection is 40
        # ms late.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
    except OSError as error:
        raise BadRequest(f"{settings.host}, port {settings.port} cannot be listened on: {error}") from error
    return listening


def make_server(app, settings: Settings, *, certificate: tuple[str, str] | None = None,
                on_started: Callable[[], None] | None = None) -> uvicorn.Server:  # fmt: skip
    """``certificate``: the files of a chain and of its key; BadRequest for those. ``await
    server.serve(sockets=[listening])``
    runs it, ``server.should_exit = True`` ends it."""
    _allow_connections(settings.most_connections)
    config = uvicorn.Config(
        app, http=protocol(settings), ws="none", lifespan="off", loop="asyncio", log_config=None, access_log=False,
        proxy_headers=False, server_header=False, timeout_keep_alive=settings.keep_alive, backlog=1024,
        timeout_graceful_shutdown=_FAREWELL, h11_max_incomplete_event_size=_HEAD_BYTES,
    )  # fmt: skip
    config.load()
    if certificate is not None:
        config.ssl = _context(*certificate)
    return _Server(config, on_started)


def run(server: uvicorn.Server, listening: socket.socket) -> None:
    """Blocks until SIGINT or SIGTERM; answers under way may still end. For the main thread."""
    before = signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # uvicorn ends in order, then raises the signal again
    try:
        asyncio.run(server.serve(sockets=[listening]))
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None] | None):
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets=None) -> None:
        await super().startup(sockets)
        if self._on_started is not None:
            self._on_started()


def _context(chain: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(chain, key)
    except OSError as error:  # ssl.SSLError is one
        raise BadRequest(f"the certificate {chain} with the key {key} cannot be used: {error}") from error
    return context


def _allow_connections(count: int) -> None:
    """Each takes a file descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 256
    if soft < wanted and (hard == resource.RLIM_INFINITY or soft < hard):
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
