"""How the server is run, and what it refuses to be run as."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from glm4v_ros.errors import BadRequest

_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Settings:
    host: str = "127.0.0.1"
    port: int = 8080
    keys_required: bool = False  # nobody asks without a key
    insecure_no_key: bool = False  # a person said that everybody who reaches the address may ask
    tls: bool = False
    allowed_hosts: tuple[str, ...] = ()  # names beside the local ones and the address itself
    proxies: tuple[str, ...] = ()  # addresses or networks whose X-Forwarded-For is believed
    per_minute: float = 120.0  # questions of one key or address
    burst: int = 60
    most_body: int = 32 << 20  # bytes
    most_bodies: int = 256 << 20  # bytes of all requests that are being received or answered
    most_connections: int = 2048
    head_timeout: float = 10.0  # seconds for a request's head
    body_timeout: float = 10.0  # seconds within which at least least_rate bytes a second must come
    least_rate: int = 4096
    write_timeout: float = 30.0  # seconds that a client may leave its answer unread
    keep_alive: int = 75  # seconds that an idle connection is kept

    @property
    def loopback(self) -> bool:
        return self.host in _LOCAL_NAMES or _is_loopback(self.host)

    def check(self) -> None:
        """Raises BadRequest for a server that would be open to strangers."""
        for proxy in self.proxies:
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError as error:
                raise BadRequest(
                    f"--proxy is an address or a network such as 127.0.0.1 or 10.0.0.0/24: {error}"
                ) from error
        if self.loopback:
            return
        if not self.keys_required and not self.insecure_no_key:
            raise BadRequest(
                f"{self.host} can be reached from other machines, and no key is asked for: make one with "
                "`glm4v serve --add-key NAME`, or say --insecure-no-key if everybody there may ask"
            )
        if not self.tls and not self.proxies:
            raise BadRequest(
                f"{self.host} can be reached from other machines, and keys and pictures would cross the network "
                "unencrypted: give --tls-cert and --tls-key, name the proxy that encrypts with --proxy, or use --lan"
            )

    def knows_host(self, header: str) -> bool:
        """Whether a Host header names this server. Others are refused: a page from elsewhere can give its own name our
        address (DNS rebinding)."""
        host = _without_port(header.strip().lower())
        return (
            host in _LOCAL_NAMES or host == self.host.lower() or host in (name.lower() for name in self.allowed_hosts)
        )

    def client_of(self, peer: str, forwarded: str) -> str:
        """Who asks: the peer, or what X-Forwarded-For says of it, read from the right for as long as the proxies are
        ours."""
        client = peer
        for address in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            if not self._is_proxy(client):
                break
            client = address[:64]
        return client

    def _is_proxy(self, address: str) -> bool:
        try:
            return any(ipaddress.ip_address(address) in ipaddress.ip_network(one, strict=False) for one in self.proxies)
        except ValueError:
            return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() else host
