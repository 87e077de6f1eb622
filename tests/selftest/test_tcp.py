# SPDX-License-Identifier: Apache-2.0
"""Servers that misbehave on demand."""

import select
import socket

import pytest

from harness.tools.tcp import Proxy, Resetting, Silent
from harness.tools.wait import eventually


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def hears_nothing(client: socket.socket) -> bool:
    return not select.select([client], [], [], 0.2)[0]


def test_the_proxy_pauses_cuts_and_refuses(own_redis):
    with Proxy(own_redis.port) as proxy:
        with dial(proxy.port) as client:
            client.sendall(b"PING\r\n")
            assert client.recv(100) == b"+PONG\r\n"
            proxy.pause()
            client.sendall(b"PING\r\n")
            assert hears_nothing(client)
            proxy.resume()
            assert client.recv(100) == b"+PONG\r\n"
            proxy.refuse()
            with pytest.raises(ConnectionRefusedError):
                dial(proxy.port)
            client.sendall(b"PING\r\n")
            assert client.recv(100) == b"+PONG\r\n"
            proxy.cut()
            with pytest.raises(ConnectionResetError):
                client.recv(100)
        proxy.accept()
        with dial(proxy.port) as client:
            client.sendall(b"QUIT\r\n")
            assert client.recv(100) == b"+OK\r\n"
            assert client.recv(100) == b""
        assert proxy.accepted == 2


def test_a_paused_proxy_can_be_cut_and_closed(own_redis):
    with Proxy(own_redis.port) as proxy, dial(proxy.port) as client:
        proxy.pause()
        client.sendall(b"PING\r\n")
        eventually(lambda: proxy.accepted, 5, "the proxy has accepted")
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(100)


def test_silent_and_resetting_servers():
    with Silent() as silent, dial(silent.port) as client:
        client.sendall(b"anyone?")
        assert hears_nothing(client)
    with Resetting() as resetting, pytest.raises(ConnectionResetError), dial(resetting.port) as client:
        client.recv(1)
