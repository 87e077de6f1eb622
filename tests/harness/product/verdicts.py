# SPDX-License-Identifier: Apache-2.0
"""A migration that is done but for its last step, so that the verdict is SAFE a few seconds after the start, and what
tests ask of a verdict that must not be believed too long."""

import contextlib
import json
import signal
import sqlite3
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.wait import eventually

DRAIN_WINDOW_SECONDS = 6
SAFE_TIMEOUT_SECONDS = 30.0
# A poll that failed is tried again after some seconds at most.
NOTICED_TIMEOUT_SECONDS = 15.0


class DrainedTable(KeyTable):
    """Each legacy key has a replacement of the same name, in use since long before; none was used for a minute."""

    def __init__(self, database: Database, keys: int = 4):
        super().__init__(database)
        self.legacy: list[str] = []
        self.modern: list[str] = []
        for number in range(keys):
            owner = self.add_user(f"owner{number}@example.com")
            idle = timedelta(seconds=60 + number)
            self.legacy.append(self.add(owner=owner, name="app", idle=idle))
            self.modern.append(self.add(legacy=False, owner=owner, name="app", age=20 * DAY, idle=timedelta(seconds=1)))


def soon_safe(dsn: str, **options: Any) -> dict[str, Any]:
    """The configuration under which a DrainedTable is SAFE after its drain window; `options` are the collector's."""
    tree = watching(dsn, gateway={"fallback": "present"}, **options)
    tree["migration"] = {"drain_window": f"{DRAIN_WINDOW_SECONDS}s", "dormant_after": "60d"}
    return tree


def is_safe(serve: Serve) -> bool:
    return serve.metric("keyshift_fallback_removal_safe") == 1


def wait_until_safe(serve: Serve) -> None:
    eventually(lambda: is_safe(serve), SAFE_TIMEOUT_SECONDS, "SAFE")


def wait_until_not_safe(serve: Serve) -> None:
    eventually(lambda: not is_safe(serve), NOTICED_TIMEOUT_SECONDS, "no longer SAFE")


def assert_stays_unsafe(serve: Serve, seconds: float = DRAIN_WINDOW_SECONDS + 2) -> None:
    """Longer than the drain window, after which a key that is not seen to be used looks idle."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert not is_safe(serve), ask(serve, "verdict")
        time.sleep(0.05)


def ask(serve: Serve, *command: str) -> str:
    """What a command prints under the daemon's configuration, wherever it prints it."""
    result = Keyshift().run(*command, "--config", serve.config_path)
    return result.stdout.decode() + result.stderr.decode()


def verdict(serve: Serve) -> Mapping[str, Any]:
    return json.loads(Keyshift().run("verdict", "--format=json", "--config", serve.config_path).stdout)


def check(serve: Serve, name: str) -> tuple[str, str]:
    """Outcome and evidence of one check."""
    (found,) = [each for each in verdict(serve)["checks"] if each["check"] == name]
    return found["outcome"], found["evidence"]


def reload(serve: Serve, tree: Mapping[str, Any]) -> None:
    """Returns once the daemon has taken the new configuration."""
    done = "configuration reloaded"
    before = serve.log().count(done)
    serve.configure(tree)
    serve.process.send_signal(signal.SIGHUP)
    serve.process.wait_until(lambda: serve.log().count(done) > before, 5, done)


def events(serve: Serve, kind: str) -> list[str]:
    """Their texts as the state has them, oldest first."""
    uri = f"file:{serve.state_directory / 'keyshift.db'}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=5)) as state:
        return [row[0] for row in state.execute("SELECT detail FROM event WHERE kind = ? ORDER BY id", (kind,))]
