# SPDX-License-Identifier: Apache-2.0
"""keyshift for arm64, run by emulation of the processor (qemu-user) with real servers beside it: it starts, and counts right
by everything that depends on the processor. Its libraries are those of the image, or what the package depends on.

Emulation is slow: limits are wide, and the tests that are run elsewhere would meet theirs.
"""

import json
from pathlib import Path

import pytest
from gateway_sim import Planted, Seed
from harness.product.counting import counted, done, gateway_of, looking, run
from harness.product.keyshift import Keyshift, Serve
from harness.product.watching_logs import events, outcomes
from harness.servers.postgres import Database
from harness.servers.redis import Redis
from harness.tools.process import program, run_as
from harness.tools.wait import eventually
from image_root import unpack

PATIENCE = 120
PATIENT = {"interval": "1s", "timeout": "30s"}
REQUESTS = {"success": (200, 400), "auth_failure": (401, 30), "rate_limited": (429, 7), "server_error": (503, 3)}


@pytest.fixture
def emulated(for_arm64: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that is keyshift from this file of the release; the harness runs it."""
    root = tmp_path / "root"
    if for_arm64.suffix == ".deb":
        unpack(for_arm64, root)
    else:
        run_as(None, [program("tar"), "-xf", for_arm64, "-C", tmp_path])
        (layer,) = json.loads((tmp_path / "manifest.json").read_text())[0]["Layers"]
        root.mkdir()
        run_as(None, [program("tar"), "-xf", tmp_path / layer, "-C", root])
    wrapper = tmp_path / "keyshift"
    wrapper.write_text(f'#!/bin/sh\nexec {program("qemu-aarch64")} -L {root} {root}/usr/bin/keyshift "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("KEYSHIFT_BINARY", str(wrapper))
    return wrapper


@pytest.fixture
def planted(database: Database) -> Planted:
    return Seed(seed=7, owners=3, keys_per_owner=1).plant(database.dsn())


def write_access_log(path: Path) -> Path:
    line = '10.0.0.{host} - - [01/Dec/2026:10:00:00 +0000] "POST /v1/chat HTTP/1.1" {status} 12 "-" "client/{host}"\n'
    lines = [line.format(host=host % 250, status=status) for status, count in REQUESTS.values() for host in range(count)]
    path.write_text("".join(lines))
    return path


@pytest.mark.time_limit(600)
@pytest.mark.parametrize("log", ["text", "json"])
def test_it_counts_right(emulated: Path, database: Database, planted: Planted, redis: Redis, tmp_path: Path, log: str) -> None:
    """Keys, statements (their parser is loaded when wanted), JSON, rules that may match anywhere, Redis."""
    access_log = write_access_log(tmp_path / "access.log")
    with gateway_of(database, "fallback", redis_url=redis.url(), log_format=log, colour=False) as gateway:
        rule = {"event": "fallback", "regex": "authentication succeeded for (key|nobody)"}
        tree = looking(database.dsn(), keys=PATIENT, **PATIENT)
        tree["collectors"] += [
            {"type": "access_log", "input": {"files": [str(access_log)]}},
            {"type": "gateway_log", "format": f"tracing_{log}", "rules": [rule], "input": {"files": [str(gateway.log_path)]}},
            {"type": "redis", "url": redis.url(), **PATIENT},
        ]
        serve = Serve(tree)
        serve.start(PATIENCE)
        try:
            table = database.execute("SELECT count(*) FILTER (WHERE key_lookup_hash IS NULL), count(key_lookup_hash) FROM virtual_keys")[0]
            assert serve.keys() == table
            assert outcomes(serve) == {outcome: count for outcome, (_, count) in REQUESTS.items()}
            run(gateway, planted, 80)
            wanted, hits = done(gateway), gateway.counts()["fallback"]["hits"]
            assert hits > 10
            eventually(lambda: counted(serve) == wanted, PATIENCE, "every statement is counted")
            eventually(lambda: events(serve) == {"fallback": hits}, PATIENCE, "every line of the gateway is counted")
            samples = serve.metrics()
            sources = {dict(labels)["source"]: value for (name, labels), value in samples.items() if name == "keyshift_source_up"}
            assert sources == dict.fromkeys(("keys", "statements", "access_log", "gateway_log", "redis"), 1.0)
            loaded = Path(f"/proc/{serve.pid}/maps").read_text()
            assert "libpg_query.so" in loaded
            before = events(serve)
            serve.kill9()
            serve.start(PATIENCE)
            assert events(serve) == before
        finally:
            serve.close()


@pytest.mark.time_limit(600)
def test_its_commands_answer(emulated: Path, tmp_path: Path) -> None:
    keyshift = Keyshift()
    version = keyshift.run("version", timeout=PATIENCE)
    assert (version.returncode, version.stdout.split()[0]) == (0, b"keyshift")
    nothing = keyshift.run("serve", timeout=PATIENCE)
    assert nothing.returncode == 78 and b"there is nothing to watch" in nothing.stderr
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("collectors: [{type: keyz}]\n")
    assert keyshift.run("check", wrong, timeout=PATIENCE).returncode == 78
