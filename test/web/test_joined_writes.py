"""Writes of one turn of the event loop."""

import asyncio
import socket

from glm4v_ros.web.joined_writes import JoinedWrites


class Recorder(asyncio.Protocol):
    """A transport's pieces as they are handed to the system."""

    def __init__(self):
        self.pieces = []

    def connection_made(self, transport):
        hand_over = transport.write
        transport.write = lambda data: (self.pieces.append(bytes(data)), hand_over(data))
        self.joined = JoinedWrites(transport, asyncio.get_running_loop())


def connected(steps) -> tuple[list[bytes], bytes]:
    """What ``steps(protocol)`` had handed over, and what came to the other side until the end."""

    async def run():
        ours, theirs = socket.socketpair()
        _, protocol = await asyncio.get_running_loop().create_connection(Recorder, sock=ours)
        reader, writer = await asyncio.open_connection(sock=theirs)
        await steps(protocol)
        protocol.joined.close()
        came = await reader.read()
        writer.close()
        return protocol.pieces, came

    return asyncio.run(run())


def test_one_turn_is_one_piece():
    async def steps(protocol):
        for data in (b"head", b"body", b"end"):
            protocol.joined.write(data)
        assert protocol.pieces == []
        await asyncio.sleep(0)
        protocol.joined.write(b"next")
        await asyncio.sleep(0)

    pieces, came = connected(steps)
    assert pieces == [b"headbodyend", b"next"] and came == b"headbodyendnext"


def test_what_was_written_before_the_end_comes_too():
    async def steps(protocol):
        protocol.joined.write(b"last words")

    assert connected(steps)[1] == b"last words"


def test_nothing_is_written_after_an_abort():
    async def steps(protocol):
        protocol.joined.write(b"too late")
        protocol.joined.abort()
        await asyncio.sleep(0.01)

    pieces, came = connected(steps)
    assert pieces == [] and came == b""
