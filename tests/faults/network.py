# SPDX-License-Identifier: Apache-2.0
"""A network of the tests' own, in which packets to and from a port can vanish: nobody is told, as behind a firewall that forgot a connection."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

import pytest
from harness.tools.process import program, run_as

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_TABLE = ("inet", "faults")


class Network:
    def drop(self, port: int) -> None:
        """From now on, in both directions."""
        _nft("add", "table", *_TABLE)
        _nft("add", "chain", *_TABLE, "way", "{ type filter hook input priority 0; }")
        for direction in ("dport", "sport"):
            _nft("add", "rule", *_TABLE, "way", "tcp", direction, str(port), "drop")

    def pass_all(self) -> None:
        _nft("delete", "table", *_TABLE)


@contextlib.contextmanager
def own_network() -> Iterator[Network]:
    """This thread, and all that it starts, is in it until the end: what was begun before is elsewhere."""
    if os.geteuid() != 0:
        pytest.skip("machine: only root may make a network of its own")
    with open("/proc/thread-self/ns/net") as before:
        _call("unshare", _NEW_NETWORK)
        try:
            run_as(None, [program("ip"), "link", "set", "lo", "up"])
            yield Network()
        finally:
            _call("setns", before.fileno(), _NEW_NETWORK)


def _nft(*words: str) -> None:
    run_as(None, [program("nft"), *words])


def _call(name: str, *arguments: int) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
