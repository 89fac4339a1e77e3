"""Messages and file descriptors between the engine client and its worker, over an inherited AF_UNIX socket."""

from __future__ import annotations

import array
import contextlib
import pickle
import select
import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import Any

_HEADER = struct.Struct("!IB")  # length of the pickle, number of file descriptors
_MOST_FDS = 64
_CHUNK = 1 << 20  # bytes


class Channel:
    """One end of a stream of pickled messages. ``send`` may be called from many threads, ``receive`` from one."""

    def __init__(self, sock: socket.socket):
        self._socket = sock
        self._sending = threading.Lock()
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)
        self._received = bytearray()  # of the message that is on its way
        self._fds = array.array("i")

    @classmethod
    def pair(cls) -> tuple[Channel, socket.socket]:
        """This process's end, and the socket to hand to the child."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(ours), theirs

    def send(self, message: Any, fds: Sequence[int] = ()) -> None:
        """Raises OSError when the other end is gone. The file descriptors stay the caller's."""
        body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        whole = memoryview(_HEADER.pack(len(body), len(fds)) + body)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        with self._sending:
            # At once, so that the reader wakes for a whole message.
            sent = self._socket.sendmsg([whole], rights)
            if sent < len(whole):
                self._socket.sendall(whole[sent:])

    def receive(self, timeout: float | None = None) -> tuple[Any, list[int]]:
        """The next message with its file descriptors, which become the caller's.

        Raises EOFError when the other end is gone, TimeoutError when no whole message came within ``timeout`` seconds:
        the other end may be stopped in the middle of one, and the next call goes on there.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            if len(self._received) >= _HEADER.size:
                length, count = _HEADER.unpack_from(self._received)
                if len(self._received) == _HEADER.size + length:
                    break
                wanted = _HEADER.size + length - len(self._received)
            else:
                wanted = _HEADER.size - len(self._received)
            # A timeout of the socket itself would hold for a thread that sends, too.
            if end is not None and not self._readable.poll(max(0.0, 1000 * (end - time.monotonic()))):
                raise TimeoutError
            self._receive_some(wanted)
        body, fds = memoryview(self._received)[_HEADER.size :], list(self._fds)
        self._received, self._fds = bytearray(), array.array("i")
        if count != len(fds):
            raise EOFError("file descriptors were lost on the way")
        return pickle.loads(body), fds

    def hang_up(self) -> None:
        """Ends the conversation at both ends; may be called while other threads send and receive."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.hang_up()
        self._socket.close()

    def _receive_some(self, wanted: int) -> None:
        """Adds ``wanted`` bytes at most, so that nothing of the next message comes with them."""
        try:
            data, ancillary, _, _ = self._socket.recvmsg(
                min(wanted, _CHUNK), socket.CMSG_SPACE(_MOST_FDS * self._fds.itemsize), socket.MSG_CMSG_CLOEXEC
            )
        except (OSError, ValueError) as error:  # reset, or closed by another thread
            raise EOFError from error
        for level, kind, raw in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                self._fds.frombytes(raw[: len(raw) - len(raw) % self._fds.itemsize])
        if not data:
            raise EOFError
        self._received += data
