# SPDX-License-Identifier: Apache-2.0
"""What the daemon tells systemd, and the sockets that it takes over from it; the harness plays systemd's part."""

import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from harness.product.keyshift import Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.ports import free_port
from harness.tools.process import Process, program
from harness.tools.scratch import scratch_directory
from harness.tools.tcp import Silent
from harness.tools.wait import eventually


class NotifySocket:
    """Takes what sd_notify(3) sends; messages that came together stay in order."""

    def __init__(self, address: str):
        self.address = address
        self.messages: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address.replace("@", "\0", 1))
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        while True:
            try:
                self.messages.append(self._socket.recv(65536).decode())
            except BlockingIOError:
                return self.messages

    def wait_for(self, message: str, seconds: float = 10) -> None:
        eventually(lambda: message in self.heard(), seconds, message)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def table(database: Database) -> KeyTable:
    keys = KeyTable(database)
    keys.add(idle=DAY)
    return keys


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest) -> Iterator[NotifySocket]:
    path = scratch_directory("notify") / "socket"
    listening = NotifySocket(str(path) if request.param == "path" else f"@{path}")
    yield listening
    listening.close()


def test_it_hears_of_start_reload_and_end(table: KeyTable, manager: NotifySocket):
    tree = watching(table.database.dsn())
    with Serve(tree, env={"NOTIFY_SOCKET": manager.address}) as serve:
        manager.wait_for("READY=1")
        assert not [message for message in manager.messages if message.startswith("WATCHDOG")]
        serve.configure(tree | {"log": {"level": "debug"}})
        manager.messages.clear()
        begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        serve.process.send_signal(signal.SIGHUP)
        manager.wait_for("READY=1")
        reloading = manager.messages[0].split("\n")
        assert reloading[0] == "RELOADING=1"
        assert begin <= int(reloading[1].removeprefix("MONOTONIC_USEC=")) <= begin + 5_000_000
        serve.configure(tree | {"log": {"level": "loud"}})
        serve.process.send_signal(signal.SIGHUP)
        wrong = "the configuration file is not valid, the one before stays"
        eventually(lambda: any(message.endswith(wrong) for message in manager.heard()), 5, wrong)
        manager.messages.clear()
        assert serve.terminate()[0] == 0
        assert manager.heard() == ["STOPPING=1"]


def test_its_status_says_how_far_the_migration_is_and_what_is_down(table: KeyTable, tmp_path: Path):
    manager = NotifySocket(str(tmp_path / "socket"))
    with Silent() as hole:
        redis = {"type": "redis", "url": f"redis://127.0.0.1:{hole.port}", "timeout": "200ms"}
        collectors = [*watching(table.database.dsn())["collectors"], redis]
        with Serve({"collectors": collectors}, env={"NOTIFY_SOCKET": manager.address}):
            manager.wait_for("STATUS=the key table has not been read yet")
            shown = re.compile("STATUS=1 of 1 legacy keys left, verdict [A-Z_]+; down: redis")
            eventually(lambda: any(map(shown.fullmatch, manager.heard())), 5, "both of it")
    manager.close()


def test_a_watchdog_is_fed_twice_as_often_as_it_wants(table: KeyTable, tmp_path: Path):
    manager = NotifySocket(str(tmp_path / "socket"))
    env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "400000"}
    with Serve(watching(table.database.dsn()), env=env):
        manager.heard().clear()
        time.sleep(1)
        assert 4 <= manager.heard().count("WATCHDOG=1") <= 6
    manager.close()


def test_one_that_is_meant_for_another_process_is_not_fed(table: KeyTable, tmp_path: Path):
    manager = NotifySocket(str(tmp_path / "socket"))
    env = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1"}
    with Serve(watching(table.database.dsn()), env=env):
        time.sleep(0.5)
        assert manager.heard().count("WATCHDOG=1") == 0
    manager.close()


@pytest.mark.parametrize("address", ["", "relative", "/" + "x" * 200, "/nowhere/at/all"])
def test_an_address_of_no_use_does_no_harm(table: KeyTable, address: str):
    with Serve(watching(table.database.dsn()), env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "soon"}) as serve:
        assert serve.keys() == (1, 0)
        assert serve.terminate()[0] == 0


def test_sockets_that_are_handed_over_take_the_place_of_web_listen(table: KeyTable):
    port, other = free_port(), free_port()
    activate = [program("systemd-socket-activate"), f"--listen=127.0.0.1:{port}"]
    tree = watching(table.database.dsn()) | {"web": {"listen": [f"127.0.0.1:{other}"]}}
    with Serve(tree, port=port, wrapper=activate) as serve:
        assert serve.keys() == (1, 0)
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", other)) != 0
        assert serve.terminate()[0] == 0


def test_a_socket_that_is_none_of_tcp_is_refused(table: KeyTable, tmp_path: Path):
    port = free_port()
    config = tmp_path / "keyshift.yaml"
    config.write_text(yaml.safe_dump(watching(table.database.dsn()) | {"state": {"directory": str(tmp_path)}}))
    activate = [program("systemd-socket-activate"), "--datagram", f"--listen=127.0.0.1:{port}"]
    argv = [*activate, str(binary_path()), "serve", f"--config={config}"]
    with Process(argv, log_path=tmp_path / "log") as process, socket.socket(type=socket.SOCK_DGRAM) as client:

        def ended() -> bool:
            client.sendto(b"the first datagram starts it", ("127.0.0.1", port))
            return not process.running

        client.setblocking(False)
        eventually(ended, 10, "its end")
        assert process.wait(1) == 78
        assert "descriptor 3 cannot be listened on" in process.log()
