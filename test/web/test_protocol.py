"""Connections that take for ever, or go away, or speak no HTTP."""

import http.client
import json
import logging
import socket
import time

import pytest
from messages import chat, data_url, png
from served import PATIENCE, scripted, serving

from glm4v_ros.web.settings import Settings

CHAT = "/v1/chat/completions"
SLOW = Settings(head_timeout=0.3, body_timeout=0.3, write_timeout=0.5, keep_alive=1, most_connections=40)


@pytest.fixture(scope="module")
def hasty(nano):
    """A server with little patience."""
    with serving(scripted(nano), nano, SLOW) as served:
        yield served


def read_all(connection: socket.socket) -> bytes:
    """Until the server hangs up."""
    data = b""
    try:
        while piece := connection.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def head(served, body: bytes = b"", length: int | None = None) -> bytes:
    return (f"POST {CHAT} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body) if length is None else length}\r\n\r\n").encode() + body  # fmt: skip


@pytest.mark.parametrize("said", [b"", b"GET /health HTT", b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
def test_a_head_that_does_not_come(hasty, said):
    with hasty.connect() as connection:
        connection.sendall(said)
        data = read_all(connection)
    assert data == b"" if not said else data.startswith(b"HTTP/1.1 408 ") and b'"too_slow"' in data


def test_a_head_that_trickles_in(hasty):
    with hasty.connect() as connection:
        with pytest.raises(OSError):
            for byte in b"GET /health HTTP/1.1\r\nX: " + b"y" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.01)
    assert hasty.request("GET", "/health").status == 200


@pytest.mark.parametrize("sent", [b"", b"{", b'{"model": "'])
def test_a_body_that_does_not_come(hasty, sent):
    with hasty.connect() as connection:
        connection.sendall(head(hasty, sent, 1000))
        data = read_all(connection)
    assert (
        data.startswith(b"HTTP/1.1 408 ") and json.loads(data.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_slow"
    )


def test_a_body_at_a_fair_pace_is_waited_for(hasty):
    """Longer than body_timeout as a whole, at more than least_rate."""
    body = json.dumps(chat("what is it?", data_url(png(2, 100, 100)))).encode()
    with hasty.connect() as connection:
        connection.sendall(head(hasty, b"", len(body)))
        for start in range(0, len(body), len(body) // 8):
            connection.sendall(body[start : start + len(body) // 8])
            time.sleep(0.1)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_is_not_read(hasty):
    """Its question is canceled once the client has not read for write_timeout."""
    hasty.engine.forget()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", hasty.port))
        connection.settimeout(PATIENCE)
        connection.sendall(head(hasty, json.dumps(chat("slow flood", stream=True, glm4v={"timeout": 600})).encode()))
        deadline = time.monotonic() + PATIENCE
        while not hasty.engine.questions:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert hasty.engine.idle.wait(PATIENCE)
    assert hasty.engine.cancels == [hasty.engine.questions[0][0].request_id]


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_cancels_its_question(web, stream):
    for _ in range(5):
        web.engine.forget()
        with web.connect() as connection:
            connection.sendall(head(web, json.dumps(chat("slow", stream=stream, glm4v={"timeout": 600})).encode()))
            if stream:
                data = b""
                while b"word" not in data:
                    data += connection.recv(65536)
            else:
                deadline = time.monotonic() + PATIENCE
                while not web.engine.questions:
                    assert time.monotonic() < deadline
                    time.sleep(0.005)
        assert web.engine.idle.wait(PATIENCE)
        assert web.engine.cancels == [web.engine.questions[0][0].request_id]


@pytest.mark.parametrize("said", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 100,
                                  b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
                                  b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                                  b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                                  b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
                                  b"POST /v1/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])  # fmt: skip
def test_what_is_no_http(web, said, caplog):
    with web.connect() as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        data = read_all(connection)
    status, _, rest = data.partition(b"\r\n")
    assert status.split(b" ")[1] in (b"400", b"421"), data[:200]
    assert set(json.loads(rest.partition(b"\r\n\r\n")[2])["error"]) == {"message", "type", "param", "code"}
    assert web.request("GET", "/health").status == 200
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR], caplog.text


def test_a_websocket_is_asked_for(web, caplog):
    answered = web.request("GET", "/health", headers={"Connection": "upgrade", "Upgrade": "websocket"})
    assert answered.status == 200 and not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_requests_one_after_another_on_one_connection(web):
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=PATIENCE)
    for number in range(20):
        connection.request("POST", CHAT, json.dumps(chat(stream=number % 2 == 1)), {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.status == 200 and response.read()
    connection.close()


def test_requests_sent_without_waiting_for_answers(web):
    one = f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\n\r\n".encode()
    with web.connect() as connection:
        connection.sendall(one * 50 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert read_all(connection).count(b"HTTP/1.1 200 ") == 51


def test_no_more_connections_than_it_may_have(hasty):
    held = [hasty.connect() for _ in range(SLOW.most_connections + 20)]
    try:
        refused = 0
        for connection in held:
            connection.settimeout(0.05)
            try:
                refused += connection.recv(1) == b""
            except ConnectionResetError:
                refused += 1
            except TimeoutError:
                pass
        assert refused >= 20
    finally:
        for connection in held:
            connection.close()
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            assert hasty.request("GET", "/health").status == 200
            break
        except (OSError, http.client.HTTPException):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_an_idle_connection_is_closed_in_the_end(hasty):
    with hasty.connect() as connection:
        connection.sendall(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{hasty.port}\r\n\r\n".encode())
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_a_refused_body_that_goes_on(web):
    """Of a request that is refused by its head, not all that follows is swallowed."""
    with web.connect() as connection:
        connection.sendall(head(web, b"", 1 << 40))
        with pytest.raises(OSError):
            for _ in range(1000):
                connection.sendall(b"x" * 65536)
