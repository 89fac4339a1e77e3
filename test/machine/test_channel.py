import pickle
import struct
import threading

import pytest

from glm4v_ros.errors import Busy
from glm4v_ros.machine.channel import Channel


def test_messages_and_errors_in_order(ends):
    one, other = ends
    threading.Thread(target=one.send, args=("x" * 3_000_000,)).start()
    assert other.receive(5.0) == ("x" * 3_000_000, [])
    one.send(Busy("later", retry_after=2.5))
    error, _ = other.receive(5.0)
    assert isinstance(error, Busy) and str(error) == "later" and error.retry_after == 2.5


def test_the_other_end_may_stop_in_the_middle_of_a_message():
    channel, raw_end = Channel.pair()
    with raw_end:
        body = pickle.dumps("whole")
        raw = struct.pack("!IB", len(body), 0) + body
        for part in (raw[:2], raw[2:5], raw[5:9]):
            raw_end.sendall(part)
            with pytest.raises(TimeoutError):
                channel.receive(0.01)
        raw_end.sendall(raw[9:] + raw)
        assert channel.receive(5.0)[0] == channel.receive(5.0)[0] == "whole"
        channel.close()


def test_silence_and_the_end(ends):
    one, other = ends
    with pytest.raises(TimeoutError):
        other.receive(0.01)
    one.send(1)
    one.close()
    assert other.receive(5.0)[0] == 1
    with pytest.raises(EOFError):
        other.receive(5.0)
    with pytest.raises(OSError):
        other.send("nobody listens")
