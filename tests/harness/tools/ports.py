# SPDX-License-Identifier: Apache-2.0
"""Free TCP ports on loopback.

Ports come from below the kernel's ephemeral range, so that neither a client's outgoing connection nor a client that
keeps dialling a stopped server (and may then connect to itself) can take a port that a test has been given. A reserved
port stays reserved, between test sessions on one machine too, until it is given back or the interpreter exits.
"""

import contextlib
import random
import socket
from collections.abc import Iterator

_PORTS = range(20000, 32768)
_reservations: list[socket.socket] = []


def free_port() -> int:
    """A port on 127.0.0.1 that nothing listens on and that no other call, in any session, has been given."""
    for port in random.sample(_PORTS, len(_PORTS)):
        if _reserve(port) and _can_bind(port):
            return port
    raise RuntimeError("no free port on 127.0.0.1")


@contextlib.contextmanager
def given_back() -> Iterator[None]:
    """Whatever is reserved inside is free again afterwards: each reservation costs a descriptor."""
    before = len(_reservations)
    yield
    while len(_reservations) > before:
        _reservations.pop().close()


def _reserve(port: int) -> bool:
    """Hold an abstract Unix socket named after the port: the kernel drops it when this process ends."""
    reservation = socket.socket(socket.AF_UNIX)
    try:
        reservation.bind(f"\0keyshift-test-port-{port}")
    except OSError:
        reservation.close()
        return False
    _reservations.append(reservation)
    return True


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
