# SPDX-License-Identifier: Apache-2.0
"""Where one source is tried: a key table whose migration is done but for its last step, the source with its server, and a daemon
that reads both. `keys` alone reads the table through the proxy; beside another source it does so directly."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from faults.proxy import SpoilingProxy
from harness.product.keyshift import Serve
from harness.product.verdicts import DrainedTable, is_safe, soon_safe
from harness.servers.server import Server
from harness.servers.time_travel import Clock, TravellingPostgres
from harness.tools.wait import eventually

TIMEOUT = "1s"
DRAIN_WINDOW = "2s"


class Site:
    """One source. `work` does what it counts, once; `counted` and `done` are what keyshift shows of that and what there was."""

    source = ""
    interval = 0.2  # in seconds
    patience = 30.0

    def __init__(self):
        self._stack = ExitStack()
        self.clock = Clock()  # of PostgreSQL
        self.proxy: SpoilingProxy | None = None

    def __enter__(self) -> Self:
        with self._stack:
            enter = self._stack.enter_context
            self.postgres = enter(TravellingPostgres(self.clock))
            self.table = DrainedTable(self.postgres.create_database())
            self.database = self.table.database
            self.set_up(self._stack)
            self.serve = Serve(self._tree())
            self.before_start()
            enter(self.serve)
            # What stands at the first reading is not counted; on a busy machine one that was too late may come first.
            self.wait_until_up()
            self.prove()
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def _tree(self) -> dict[str, Any]:
        tree = soon_safe(self.database.dsn(), interval="200ms", timeout=TIMEOUT)
        tree["gateway"]["last_used_delay"] = "1s"
        tree["migration"]["drain_window"] = DRAIN_WINDOW
        tree["collectors"] += [{"interval": f"{1000 * self.interval:.0f}ms", "timeout": TIMEOUT, **collector} for collector in self.collectors()]
        return tree

    # --- of the source

    def set_up(self, stack: ExitStack) -> None:
        """Its server, and the proxy before it."""

    def collectors(self) -> list[dict[str, Any]]:
        return []

    def before_start(self) -> None:
        """What the daemon needs that is no configuration."""

    def prove(self) -> None:
        """Let it count a use of the fallback, where it can: a zero counts from then on."""

    def work(self) -> None:
        """Once more of what it counts; only while its server works."""

    def counted(self) -> Any:
        """What keyshift shows of that."""

    def done(self) -> Any:
        """What was done."""

    # --- its server

    def stop(self) -> None:
        raise NotImplementedError

    def prepare(self) -> None:
        """What takes its time before it can start."""

    def start(self) -> None:
        raise NotImplementedError

    def processes(self) -> list[int]:
        """What is stopped as a whole."""
        raise NotImplementedError

    def jump(self, by: timedelta) -> None:
        """Of its clock."""
        raise NotImplementedError

    # --- common to all

    def wait_until_settled(self) -> None:
        """It is up, the verdict is SAFE, and all is counted."""
        self.table.use(*self.table.modern)
        self.wait_until_up()
        self.serve.process.wait_until(lambda: is_safe(self.serve), self.patience, "SAFE")
        self.wait_until_counted()

    def wait_until_up(self) -> None:
        up = lambda: self.serve.metric("keyshift_source_up", source=self.source) == 1  # noqa: E731
        self.serve.process.wait_until(up, self.patience, "it is up")

    def wait_until_counted(self) -> None:
        eventually(lambda: self.counted() == self.done(), self.patience, f"{self.done()} is counted")
        self.look()
        assert self.counted() == self.done(), "nothing twice"

    def look(self) -> None:
        self.serve.wait_for_poll(source=self.source)


def descendants(pid: int) -> list[int]:
    """With itself, parents first: a server's children have sessions of their own."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in descendants(int(child)))]


def send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        os.kill(pid, number)


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Of what is started meanwhile by this process's own environment."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class BehindProxy(Site):
    """What is asked over a connection. While its server is down the proxy refuses, as the server's own port does."""

    server: Server

    def behind(self, stack: ExitStack, port: int) -> None:
        self.proxy = stack.enter_context(SpoilingProxy(port))

    def stop(self) -> None:
        self.stop_server()
        self.proxy.refuse()
        self.proxy.cut()

    def prepare(self) -> None:
        """To come back, which it does with `start`."""
        self.start_server()

    def start(self) -> None:
        self.proxy.accept()

    def stop_server(self) -> None:
        self.server.stop()

    def start_server(self) -> None:
        self.server.start()

    def processes(self) -> list[int]:
        return descendants(self.server.pid)
