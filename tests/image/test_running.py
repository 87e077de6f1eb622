# SPDX-License-Identifier: Apache-2.0
"""The image as it runs: confined, with TLS on all sides, its secrets in files, killed and started again."""

import os
import signal
import time
from pathlib import Path

from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.tools import http
from harness.tools.container import Container, Podman
from harness.tools.ports import free_port
from harness.tools.wait import eventually
from watched import LEGACY, POSTGRES_AUTHORITY, STATE, Watch, database_url, file, readable

REDIS_AUTHORITY = "/run/redis.crt"
LOGS = "/var/log/gateway"
STOP_SECONDS = 2.0


def up(watch: Watch, source: str) -> bool:
    return watch.metric("keyshift_source_up", source=source) == 1


def test_it_watches_confined_and_over_tls(
    podman: Podman, image: str, tmp_path: Path, state: Path, gateway: Database, encrypted_cache: Redis
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    file(logs, "gateway.log", "2026-11-30T10:00:00Z a slow comparison of kind 7 it was\n")
    rules = [{"event": "fallback", "regex": f"slow comparison of kind {number} (was|it)"} for number in range(20)]
    collectors = [
        {"type": "statements", "interval": "200ms"},
        {"type": "redis", "url": encrypted_cache.url(), "tls": {"ca_file": REDIS_AUTHORITY}, "interval": "200ms"},
        {"type": "gateway_log", "format": "text", "input": {"files": [f"{LOGS}/gateway.log"]}, "rules": rules, "interval": "200ms"},
        # There is none: but the library that reads it is loaded.
        {"type": "access_log", "input": {"journald": {"unit": "nginx.service", "directory": LOGS}}, "interval": "200ms"},
    ]
    mounts = {STATE: state, LOGS: f"{logs}", REDIS_AUTHORITY: readable(tmp_path, encrypted_cache.trusted)}
    with Watch(podman, image, tmp_path, gateway, collectors=collectors, mounts=mounts) as watch:
        begun = time.monotonic()
        watch.wait("/-/healthy")
        print(f"\nhealthy after {(time.monotonic() - begun) * 1000:.0f} ms, with podman's own time")
        process = watch.container.process
        process.wait_until(lambda: all(up(watch, source) for source in ("keys", "statements", "redis", "gateway_log")), 60)
        assert watch.legacy() == LEGACY
        proc = Path(f"/proc/{watch.container.pid}")
        loaded = ("libsystemd.so.0", "libpg_query.so", "libssl.so.3", "libpq.so.5")
        eventually(lambda: all(name in (proc / "maps").read_text() for name in loaded), 30, f"{loaded} are loaded")
        status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
        assert status["Uid"].split() == ["65532"] * 4 and status["Gid"].split() == ["65532"] * 4
        assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert status["NoNewPrivs"].strip() == "1"
        health = watch.container.execute("/usr/bin/keyshift", "healthcheck")
        assert (health.returncode, health.stdout) == (0, b"keyshift is healthy.\n"), health.stderr
        for shell in ("/bin/sh", "/bin/bash", "sh"):
            assert watch.container.execute(shell, "-c", "true").returncode != 0
        begun = time.monotonic()
        os.kill(int(proc.name), signal.SIGTERM)
        eventually(lambda: not (proc / "exe").exists(), STOP_SECONDS, "it has gone")
        taken = time.monotonic() - begun
        assert watch.container.process.wait(20) == 0, watch.container.log()
        assert taken < STOP_SECONDS
        assert "msg=stopped" in watch.container.log()


def told(watch: Watch) -> str:
    done = watch.container.execute("/usr/bin/keyshift", "events")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_podman_asks_for_its_health(podman: Podman, image: str, tmp_path: Path, state: Path, gateway: Database) -> None:
    """By what the image says of itself."""
    with Watch(podman, image, tmp_path, gateway, mounts={STATE: state}) as watch:
        watch.wait()
        assert podman.run("healthcheck", "run", watch.container.name).returncode == 0
        os.kill(watch.container.pid, signal.SIGSTOP)
        try:
            asked = podman.run("healthcheck", "run", watch.container.name)
            assert asked.returncode != 0
        finally:
            os.kill(watch.container.pid, signal.SIGCONT)


def test_killed_and_started_again_it_goes_on(podman: Podman, image: str, tmp_path: Path, state: Path, gateway: Database) -> None:
    with Watch(podman, image, tmp_path, gateway, mounts={STATE: state}) as watch:
        watch.wait()
        gateway.execute("UPDATE virtual_keys SET last_used_at = now() WHERE key_lookup_hash IS NULL")
        used = "keyshift_legacy_uses_observed_total"
        eventually(lambda: watch.metric(used), 30, "uses are counted")
        before = watch.metric(used)
        watch.container.kill9()
        gateway.execute("DELETE FROM virtual_keys WHERE id = (SELECT id FROM virtual_keys WHERE key_lookup_hash IS NULL LIMIT 1)")
    with Watch(podman, image, tmp_path, gateway, mounts={STATE: state}) as again:
        again.wait()
        assert again.metric(used) >= before > 0, "it remembers"
        eventually(lambda: again.legacy() == LEGACY - 1, 30, "what went meanwhile is gone")
        eventually(lambda: "-> retired" in told(again), 30, "that it is gone is told")


def test_secrets_are_files(podman: Podman, image: str, tmp_path: Path, state: Path, gateway: Database, encrypted_cache: Redis) -> None:
    """Of Docker's and Podman's secrets, without a configuration: only the address is this test's own."""
    port = free_port()
    mounts = {
        STATE: state,
        "/run/secrets/database_url": file(tmp_path, "database_url", database_url(gateway) + "\n"),
        "/run/secrets/redis_url": file(tmp_path, "redis_url", encrypted_cache.url() + "\n"),
        POSTGRES_AUTHORITY: readable(tmp_path, gateway.postgres.certificate.certificate),
        # The image's own authorities are exchanged for one that has signed the certificate of this Redis.
        "/etc/ssl/certs/ca-certificates.crt": readable(tmp_path, encrypted_cache.trusted),
    }
    with Container(podman, image, "serve", f"--web.listen-address=127.0.0.1:{port}", mounts=mounts) as container:
        page = f"http://127.0.0.1:{port}"
        container.process.wait_until(lambda: http.answers(f"{page}/-/ready"), 60)
        up = [f'keyshift_source_up{{source="{source}"}} 1' for source in ("keys", "statements", "redis")]
        container.process.wait_until(lambda: all(line in http.get(f"{page}/metrics").text for line in up), 60, f"{up}")
        assert "s3cret" not in container.log()
