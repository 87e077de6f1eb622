# SPDX-License-Identifier: Apache-2.0
"""A log that names keys tells of their use, also where the key table does not: such a key is not idle."""

from datetime import datetime, timezone
from pathlib import Path

from harness.product.keyshift import Keyshift, Serve
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Database
from harness.tools.wait import eventually


def uses(key: str) -> str:
    moment = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    message = f"Rate limit check passed for key {key}: requests_remaining=Some(9), tokens_remaining=None"
    return f"{moment} DEBUG inferxgate::rate_limiter: {message}\n"


def test_a_use_that_only_the_log_tells_of_counts_and_survives_a_kill(database: Database, tmp_path: Path):
    keys = KeyTable(database)
    idle = str(keys.add(idle=90 * DAY))
    log = tmp_path / "gateway.log"
    log.touch()
    config = watching(database.dsn(), interval="300ms")
    config["collectors"].append({"type": "gateway_log", "input": {"files": [str(log)]}, "interval": "300ms"})
    with Serve(config) as serve:
        used = {"name": "keyshift_legacy_keys_used", "window": "1h"}
        eventually(lambda: serve.metric(**used) == 0, 10, "idle")
        with log.open("a") as file:
            file.write(uses(idle))
        eventually(lambda: serve.metric(**used) == 1, 15, "used, as the log says")
        assert serve.metric("keyshift_log_events_total", event="key_used") == 1
        serve.kill9()
        serve.start()
        serve.wait_for_poll()
        assert serve.metric(**used) == 1
        assert serve.metric("keyshift_log_events_total", event="key_used") == 1, "the line counts once"
        told = Keyshift().run("key", idle, "--config", serve.config_path)
        assert told.returncode == 0, told.stderr
        assert b"pending" in told.stdout, told.stdout.decode()


def test_what_the_log_can_tell_is_known_after_a_restart_before_any_new_line(database: Database, tmp_path: Path):
    log = tmp_path / "gateway.log"
    log.write_text(
        "2026-11-24T10:00:00.000000Z DEBUG inferxgate::auth: Lookup hash not found, trying fallback authentication\n"
    )
    config = watching(database.dsn(), interval="300ms")
    config["collectors"].append({"type": "gateway_log", "input": {"files": [str(log)]}, "interval": "300ms"})
    with Serve(config) as serve:

        def best() -> list[float | None]:
            signals = ("fallback", "auth_cache")
            return [serve.metric("keyshift_evidence_info", signal=s, evidence="gateway_log") for s in signals]

        eventually(lambda: best() == [1, 1], 15, "the log shows what it can tell")
        serve.kill9()
        serve.start()
        # Longer than evidence of before the restart is waited for.
        for _ in range(5):
            serve.wait_for_look("gateway_log")
        assert best() == [1, 1]
