"""Messages and file descriptors between the engine client and its worker, over an inherited AF_UNIX socket."""

from __future__ import annotations

import array
import contextlib
import pickle
import select
import socket
import struct
import threading
from collections.abc import Sequence
from typing import Any

_HEADER = struct.Struct("!IB")  # length of the pickle, number of file descriptors
_MOST_FDS = 64


class Channel:
    """One end of a stream of pickled messages. ``send`` may be called from many threads, ``receive`` from one."""

    def __init__(self, sock: socket.socket):
        self._socket = sock
        self._sending = threading.Lock()
        self._readable = select.poll()
        self._readable.register(sock, select.POLLIN)

    @classmethod
    def pair(cls) -> tuple[Channel, socket.socket]:
        """This process's end, and the socket to hand to the child."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        return cls(ours), theirs

    def send(self, message: Any, fds: Sequence[int] = ()) -> None:
        """Raises OSError when the other end is gone. The file descriptors stay the caller's."""
        body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        header = _HEADER.pack(len(body), len(fds))
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        with self._sending:
            sent = self._socket.sendmsg([header], rights)
            self._socket.sendall(header[sent:] + body)

    def receive(self, timeout: float | None = None) -> tuple[Any, list[int]]:
        """The next message with its file descriptors, which become the caller's.

        Raises EOFError when the other end is gone, TimeoutError when nothing came within ``timeout`` seconds.
        """
        # A timeout of the socket itself would hold for a thread that sends, too.
        if timeout is not None and not self._readable.poll(1000 * timeout):
            raise TimeoutError
        header, fds = self._receive_header()
        length, count = _HEADER.unpack(header)
        if count != len(fds):
            raise EOFError("file descriptors were lost on the way")
        return pickle.loads(self._receive_exactly(length)), fds

    def hang_up(self) -> None:
        """Ends the conversation at both ends; may be called while other threads send and receive."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.hang_up()
        self._socket.close()

    def _receive_header(self) -> tuple[bytes, list[int]]:
        fds = array.array("i")
        try:
            header, ancillary, _, _ = self._socket.recvmsg(
                _HEADER.size, socket.CMSG_SPACE(_MOST_FDS * fds.itemsize), socket.MSG_CMSG_CLOEXEC
            )
        except (ConnectionError, ValueError) as error:
            raise EOFError from error
        except OSError as error:  # closed by another thread
            raise EOFError from error
        for level, kind, data in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        if not header:
            raise EOFError
        return header + self._receive_exactly(_HEADER.size - len(header)), list(fds)

    def _receive_exactly(self, length: int) -> bytes:
        body = bytearray(length)
        view = memoryview(body)
        while view:
            try:
                received = self._socket.recv_into(view)
            except OSError as error:
                raise EOFError from error
            if not received:
                raise EOFError
            view = view[received:]
        return bytes(body)
