"""DDS for programs that start nodes of their own: a demonstration, a benchmark, a test."""

from __future__ import annotations

import os
import random
import socket
from contextlib import ExitStack, suppress

# Ports of a domain: DDSI-RTPS 2.5, 9.6.2.3. Above domain 100 they are ports that Linux hands out to anybody.
_DOMAINS = range(1, 101)
_BASE, _PER_DOMAIN = 7400, 250
_PARTICIPANTS = range(10, 30, 2)  # the ports at which the first ten of a domain hear of each other
_HELD = 249  # the last one: DDS takes it for its 120th participant

_held: list[ExitStack] = []


def stay_on_this_machine() -> None:
    """Keeps this process and those that it starts on this machine and in a domain of their own, unless the environment says
    where to be. To be called before rclpy.init.

    :raises OSError: there is no free domain.
    """
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    if os.environ.get("ROS_DISTRO") == "humble":  # which does not know that variable, while later ones warn about this one
        os.environ["ROS_LOCALHOST_ONLY"] = "1"
    if "ROS_DOMAIN_ID" not in os.environ:
        os.environ["ROS_DOMAIN_ID"] = str(reserve_domain())


def reserve_domain() -> int:
    """A DDS domain in which nobody on this machine talks, held against other callers until this process ends.

    Two programs in one domain answer each other's questions. Drawing a number is not enough: process ids, from which one
    would draw, are the same in containers that share the machine's network.

    :raises OSError: there is none.
    """
    for domain in random.sample(_DOMAINS, len(_DOMAINS)):
        first = ports_of(domain).start
        with suppress(OSError), ExitStack() as held:
            held.enter_context(_bound(first + _HELD))
            for offset in _PARTICIPANTS:
                _bound(first + offset).close()
            _held.append(held.pop_all())
            return domain
    raise OSError("every DDS domain from 1 to 100 is in use here: set ROS_DOMAIN_ID yourself")


def ports_of(domain: int) -> range:
    """UDP ports, by which Fast DDS also names its shared memory, of ``domain``."""
    first = _BASE + _PER_DOMAIN * domain
    return range(first, first + _PER_DOMAIN)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.bind(("", port))
    except OSError:
        bound.close()
        raise
    return bound
