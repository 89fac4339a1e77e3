"""The socket, its certificate, and the end."""

import os
import socket
import subprocess
import sys

import pytest
from served import scripted, serving

from glm4v_ros.errors import BadRequest
from glm4v_ros.web import server
from glm4v_ros.web.settings import Settings


def test_small_packets_do_not_wait_for_each_other(nano):
    """asyncio turns Nagle's algorithm off only where the socket names its protocol; else answers are 40 ms late."""
    with server.listen(Settings(port=0)) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.proto == socket.IPPROTO_TCP


def test_a_port_in_use():
    with server.listen(Settings(port=0)) as taken:
        taken.listen()
        with pytest.raises(BadRequest, match="cannot be listened on"):
            server.listen(Settings(port=taken.getsockname()[1]))


def test_a_socket_from_systemd():
    """LISTEN_FDS names one that is open already."""
    code = (
        "import os, sys\n"
        "os.dup2(int(sys.argv[1]), 3)\n"
        "from glm4v_ros.web import server\n"
        "from glm4v_ros.web.settings import Settings\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "print(server.listen(Settings()).getsockname()[1])\n"
    )
    with socket.socket() as given:
        given.bind(("127.0.0.1", 0))
        given.listen()
        port = given.getsockname()[1]
        told = subprocess.run([sys.executable, "-c", code, str(given.fileno())], pass_fds=[given.fileno()], capture_output=True,
                              text=True, check=True, env={**os.environ, "LISTEN_FDS": "1"})  # fmt: skip
    assert int(told.stdout) == port


@pytest.mark.parametrize("host, keys, insecure, tls, proxies, wrong", [
    ("127.0.0.1", False, False, False, (), ""),
    ("::1", False, False, False, (), ""),
    ("localhost", False, False, False, (), ""),
    ("0.0.0.0", False, False, True, (), "no key"),
    ("192.0.2.7", False, False, False, (), "no key"),
    ("0.0.0.0", True, False, False, (), "unencrypted"),
    ("0.0.0.0", True, False, True, (), ""),
    ("0.0.0.0", True, False, False, ("10.0.0.1",), ""),
    ("0.0.0.0", False, True, True, (), ""),
    ("127.0.0.1", False, False, False, ("proxy.example",), "--proxy"),
])  # fmt: skip
def test_what_a_server_must_not_be(host, keys, insecure, tls, proxies, wrong):
    settings = Settings(host=host, keys_required=keys, insecure_no_key=insecure, tls=tls, proxies=proxies)
    if wrong:
        with pytest.raises(BadRequest, match=wrong):
            settings.check()
    else:
        settings.check()


def test_a_certificate_that_is_none(nano, tmp_path):
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(BadRequest, match="cannot be used"):
        with serving(scripted(nano), nano, certificate=(str(tmp_path / "x.pem"), str(tmp_path / "x.pem"))):
            pass
