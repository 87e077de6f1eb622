# SPDX-License-Identifier: Apache-2.0
"""What goes wrong where containers run: each is said in words that name what to do, and nothing is lost."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from harness.servers.postgres import Database
from harness.tools.container import Container, Podman
from harness.tools.faketime import library
from harness.tools.process import program, run_as
from harness.tools.scratch import scratch_directory
from harness.tools.wait import eventually
from watched import LEGACY, STATE, Watch, file

URL = {"DATABASE_URL": "postgresql://keyshift:secret@127.0.0.1:1/gateway"}


def content(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.rglob("*") if path.is_file()}


def one_line(log: str) -> str:
    lines = log.splitlines()
    assert len(lines) == 1, log
    return lines[0]


def test_nothing_to_watch(podman: Podman, image: str, state: Path) -> None:
    code, log = Container(podman, image, mounts={STATE: state}).run()
    assert code == 78, log
    assert "set DATABASE_URL or REDIS_URL, or put the secret into database_url or redis_url in /run/secrets" in one_line(log)


def test_no_volume(podman: Podman, image: str) -> None:
    """Where no one makes one, as in Kubernetes. Docker and Podman make one without a name."""
    code, log = Container(podman, image, env=URL, options=["--image-volume=ignore"]).run()
    assert code == 69, log
    assert "state directory /var/lib/keyshift: Read-only file system; mount its file system so that it can be written" in log


def test_a_volume_that_cannot_be_written(podman: Podman, image: str, state: Path) -> None:
    file(state, "other", "somebody's\n")
    before = content(state)
    code, log = Container(podman, image, env=URL, mounts={f"{STATE}:ro": state}).run()
    assert code == 69, log
    assert "state directory /var/lib/keyshift: Read-only file system" in log
    assert content(state) == before


def test_a_volume_of_another_owner(podman: Podman, image: str, state: Path) -> None:
    os.chown(state, 0, 0)
    code, log = Container(podman, image, env=URL, mounts={STATE: state}).run()
    assert code == 78, log
    assert "state directory /var/lib/keyshift: Permission denied; let it belong to keyshift's user, here 65532" in log
    assert list(state.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "/run/secrets/gateway_url does not exist"), ("", "is empty, put the secret into it"), ("\n", "is empty, put the secret into it")],
)
def test_a_secret_that_is_missing_or_empty(podman: Podman, image: str, tmp_path: Path, state: Path, text: str | None, said: str) -> None:
    named = "collectors: [{type: keys, database_url_file: /run/secrets/gateway_url}]\n"
    mounts = {STATE: state, "/etc/keyshift/keyshift.yaml": file(tmp_path, "keyshift.yaml", named)}
    if text is not None:
        mounts["/run/secrets/gateway_url"] = file(tmp_path, "gateway_url", text)
    code, log = Container(podman, image, mounts=mounts).run()
    assert code == 78 and said in one_line(log)
    unnamed = {STATE: state, "/run/secrets/database_url": file(tmp_path, "database_url", text or "")}
    code, log = Container(podman, image, mounts=unnamed).run()
    assert code == 78 and "$CREDENTIALS_DIRECTORY/database_url) is empty" in log


def test_another_architecture(podman: Podman, image: str, unpacked: Path, tmp_path: Path, state: Path) -> None:
    """The same image but for two bytes of its program's head, which make it one for s390x: nothing emulates that here."""
    foreign = tmp_path / "foreign.tar"
    manifest = json.loads((unpacked / "manifest.json").read_text())[0]
    root = scratch_directory("foreign")
    run_as(None, [program("tar"), "-xf", unpacked / manifest["Layers"][0], "-C", root])
    binary = bytearray((root / "usr/bin/keyshift").read_bytes())
    binary[18:20] = b"\x16\x00"
    (root / "usr/bin/keyshift").write_bytes(binary)
    run_as(None, [program("tar"), "-C", root, "-cf", foreign, "."])
    name = podman.told("import", "--arch=s390x", '--change=ENTRYPOINT ["/usr/bin/keyshift"]', foreign).splitlines()[-1]
    code, log = Container(podman, name, "serve", env=URL, mounts={STATE: state}).run()
    assert code != 0
    assert "exec format error" in log.lower(), log
    assert list(state.iterdir()) == []


def test_two_replicas_on_one_volume(podman: Podman, image: str, tmp_path: Path, state: Path, gateway: Database) -> None:
    with Watch(podman, image, tmp_path, gateway, mounts={STATE: state}) as first:
        first.wait()
        second = Watch(podman, image, tmp_path, gateway, mounts={STATE: state})
        code, log = second.container.run()
        assert code == 69, "worth another try: the first may be about to go"
        assert "another keyshift is using the state directory /var/lib/keyshift; stop it, or give this one its own" in log
        gateway.execute("DELETE FROM virtual_keys WHERE id = (SELECT id FROM virtual_keys WHERE key_lookup_hash IS NULL LIMIT 1)")
        eventually(lambda: first.legacy() == LEGACY - 1, 30, "the first goes on")


@pytest.mark.time_limit(300)
def test_out_of_memory(podman: Podman, image: str, tmp_path: Path, state: Path, gateway: Database) -> None:
    """32 MiB are enough for some keys and not for some hundred thousand; what is in the state stays right."""
    limit = ["--memory=32m", "--memory-swap=32m"]
    with Watch(podman, image, tmp_path, gateway, mounts={STATE: state}, options=tuple(limit)) as watch:
        watch.wait()
        if not watch.container.memory_limit():
            pytest.skip("machine: it limits no container's memory")
        assert watch.legacy() == LEGACY, "they fit"
        for hundred_thousand in range(4):
            gateway.execute(
                """INSERT INTO virtual_keys (key_hash, key_prefix, name, created_at)
                   SELECT '$2b$10$' || md5(i::text) || left(md5((-i)::text), 21), 'sk-' || left(md5(i::text), 9),
                          'key ' || i, now() - interval '90 days'
                   FROM generate_series(%(n)s * 100000 + 1, %(n)s * 100000 + 100000) i""",
                {"n": hundred_thousand},
            )
        assert watch.container.process.wait(200) == 137, watch.container.log()
    with Watch(podman, image, tmp_path, gateway, mounts={STATE: state}) as again:
        again.wait()
        eventually(lambda: again.legacy() == LEGACY + 400000, 100, "all are counted")
        assert not list(state.glob("*damaged*"))


def test_a_node_whose_clock_is_wrong(podman: Podman, image: str, tmp_path: Path, state: Path, gateway: Database) -> None:
    """Times are the database's; that they differ is said."""
    shutil.copy(library(), tmp_path / "faketime.so")
    (tmp_path / "faketime.so").chmod(0o644)
    env = {"LD_PRELOAD": "/run/faketime.so", "FAKETIME": "+5h", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
    mounts = {STATE: state, "/run/faketime.so": tmp_path / "faketime.so"}
    with Watch(podman, image, tmp_path, gateway, mounts=mounts, env=env) as watch:
        watch.wait()
        assert 'level=warn msg="clocks differ; times are the source\'s" source=keys seconds_ahead_here=1' in watch.container.log()
        assert watch.legacy() == LEGACY
