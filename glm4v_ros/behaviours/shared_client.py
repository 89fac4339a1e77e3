"""One client for all leaves of a process that ask the same node."""

from __future__ import annotations

import threading
from typing import TypeVar

from rclpy.context import Context
from rclpy.node import Node

from glm4v_ros.client import TtsClient, VqaClient

Client = TypeVar("Client", VqaClient, TtsClient)
_lock = threading.Lock()
_clients: dict[tuple[type, Context | None, str, str], VqaClient | TtsClient] = {}
_users: dict[VqaClient | TtsClient, int] = {}


def borrow(kind: type[Client], node: Node | None, name: str) -> Client:
    """A client of this kind for the node ``name``, as seen from ``node``; to be given back."""
    key = kind, node.context if node else None, node.get_namespace() if node else "/", name
    with _lock:
        client = _clients.get(key)
        if client is None or client.closed:  # the ROS that it was in may have been shut down
            client = _clients[key] = kind(node, name)
        _users[client] = _users.get(client, 0) + 1
        return client


def give_back(client: VqaClient | TtsClient) -> None:
    """The last one closes it."""
    with _lock:
        _users[client] -= 1
        if _users[client]:
            return
        del _users[client]
        for key in [key for key, other in _clients.items() if other is client]:
            del _clients[key]
    client.close()
