# SPDX-License-Identifier: Apache-2.0
"""A place in which the commands of the documents work: the files, hosts, keys and people that they name are there, and
a keyshift runs that watches them. What a path or address stands for is in `Handbook.here`."""

import json
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from gateway_sim import Gateway, Seed
from gateway_sim.keys import bcrypt_hash
from harness.documents.documents import EXAMPLES, ROOT
from harness.product.keyshift import Serve, binary_path
from harness.product.watching import DAY, KeyTable, watching
from harness.servers.postgres import Postgres
from harness.servers.redis import Redis
from harness.tools import leaks
from harness.tools.process import CLEAN_ENVIRONMENT
from harness.tools.scratch import scratch_directory

OLD, NEW, IDLE, CANARY = (EXAMPLES[name] for name in ("OLD", "NEW", "ID", "CANARY"))
OWNER = {"email": "alice@example.com", "password": "c0rrect horse battery"}

# The documents leave `--config` out: KEYSHIFT_CONFIG stands for the file in /etc. A daemon would run until it is stopped.
_KEYSHIFT = """#!/bin/bash
case "$1" in
  serve) set -- --web.listen-address=127.0.0.1:0 "${@:2}"
         unset KEYSHIFT_CONFIG
         XDG_STATE_HOME=$HOME/serve exec timeout --preserve-status 0.5 "$KEYSHIFT" serve "$@";;
  *) exec "$KEYSHIFT" "$@";;
esac
"""
_SUDO = """#!/bin/bash
if [ "$1" = -u ]; then shift 2; fi
exec "$@"
"""
# The daemon of this place has no unit.
_SYSTEMCTL = """#!/bin/bash
if [ "$*" != "reload keyshift" ]; then echo "systemctl $*?" >&2; exit 1; fi
exec curl --fail --silent --show-error -X POST "http://127.0.0.1:$KEYSHIFT_PORT/-/reload"
"""
# What `keyshift check` complains of in configuration.md.
_WRONG = """# a comment

gateway:
  tabel: virtual_keys

state:
  directory: /var/lib/keyshift


collectors:
  - {type: keys, interval: '30'}
"""
_ACCESS = """\
10.0.0.1 - - [10/Jan/2026:00:00:01 +0000] "POST /v1/models HTTP/1.1" 200 512 "-" "curl/8.0"
10.0.0.9 - - [10/Jan/2026:00:00:02 +0000] "POST /v1/models HTTP/1.1" 401 15 "-" "curl/8.0"
10.0.0.1 - - [10/Jan/2026:00:00:03 +0000] "POST /health HTTP/1.1" 200 2 "-" "kube-probe/1.29"
"""


@dataclass(frozen=True)
class Ran:
    code: int
    output: str


class Handbook:
    """Context manager. Passwords are in files and the environment, as in the documents."""

    def __init__(self, postgres: Postgres, redis: Redis):
        self.directory = scratch_directory("handbook")
        self._postgres, self._redis = postgres, redis
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.database = self._postgres.create_database("gateway")
        self._stack.callback(self.database.drop)
        Seed().plant(self.database.dsn())
        dsn = self.database.dsn()
        options = {"behaviour": "fallback", "require_auth": True}
        self.gateway = self._stack.enter_context(Gateway(dsn, self._redis.url(), **options))
        self._owner = self._register()
        self._plant()
        self._write_files()
        self.serve = self._stack.enter_context(Serve(self._tree(dsn), args=["--web.enable-lifecycle"]))
        self.here = {
            "/etc/keyshift/keyshift.yaml": str(self.serve.config_path),
            "/etc/keyshift/": f"{self.directory}/etc/",
            "/var/lib/keyshift": str(self.serve.state_directory),
            "/var/log/nginx/": f"{self.directory}/log/",
            "/var/backups": str(self.directory / "backups"),
            "/usr/share/keyshift": str(ROOT),
            "https://gateway.example.com": self.gateway.url,
            "127.0.0.1:11947": f"127.0.0.1:{self.serve.port}",
        }
        return self

    def __exit__(self, *_) -> None:
        self._forget_role()
        self._stack.close()

    def translated(self, text: str) -> str:
        for there, here in self.here.items():
            text = text.replace(there, here)
        return text

    def run(self, commands: Sequence[str]) -> list[Ran]:
        """One shell for all of them, so that variables last; each is run whatever became of those before it."""
        outputs = [self.directory / f"output-{number}" for number in range(len(commands))]
        codes = self.directory / "codes"
        script = "set -o pipefail\n" + "".join(
            f"{{\n{self.translated(command)}\n}} >{output} 2>&1 </dev/null; echo $? >>{codes}\n"
            for command, output in zip(commands, outputs)
        )
        codes.write_text("")
        shell = ["/bin/bash", "-c", script]
        directory = self.directory / "work"
        result = subprocess.run(
            shell, env=self._environment(), cwd=directory, capture_output=True, text=True, timeout=120, check=False
        )
        ended = [int(code) for code in codes.read_text().split()]
        assert len(ended) == len(commands), f"the shell stopped: {result.stderr}"
        texts = [leaks.heard(str(output), output.read_bytes()).decode() for output in outputs]
        return [Ran(code, text) for code, text in zip(ended, texts)]

    def renew(self) -> None:
        """As if nothing had been done: what one document has made or deleted, before another is run."""
        self.run(["keyshift mark cutover --remove"])
        self._plant()

    def _plant(self) -> None:
        self._forget_role()
        self.database.execute("DELETE FROM virtual_keys WHERE id::text = ANY(%s)", ([OLD, NEW, IDLE, CANARY],))
        keys = KeyTable(self.database)
        keys.add(id=OLD, name="Production API", owner=self._owner, idle=DAY / 24)
        keys.add(id=IDLE, name="yearly report", owner=self._owner, idle=60 * DAY)
        keys.add(id=CANARY, name="canary", idle=60 * DAY)
        keys.add(id=NEW, name="billing", owner=self._owner, legacy=False, age=DAY, idle=DAY / 24)

    def _forget_role(self) -> None:
        self.database.execute("DROP VIEW IF EXISTS keyshift_keys, keyshift_keys_shared; DROP INDEX IF EXISTS keyshift_legacy_activity")
        if self.database.execute("SELECT 1 FROM pg_roles WHERE rolname = 'keyshift'"):
            self.database.execute("DROP OWNED BY keyshift; DROP ROLE keyshift")

    def _tree(self, dsn: str) -> dict:
        tree = watching(dsn)
        tree["collectors"] += [
            {"type": "statements", "database_url": dsn.replace("$", "$$")},
            {"type": "redis", "url": self._redis.url()},
            {"type": "access_log", "input": {"files": [str(self.directory / "log" / "access.log*")]}},
        ]
        return tree

    def _register(self) -> str:
        owner = KeyTable(self.database).add_user(OWNER["email"])
        password = bcrypt_hash(OWNER["password"], 4)
        self.database.execute("UPDATE users SET password_hash = %s WHERE id::text = %s", (password, owner))
        return owner

    def _write_files(self) -> None:
        for name in ("etc", "log", "backups", "work", "bin", "work/build/release/src"):
            (self.directory / name).mkdir(parents=True)
        for name, text in {"keyshift": _KEYSHIFT, "sudo": _SUDO, "systemctl": _SYSTEMCTL}.items():
            (self.directory / "bin" / name).write_text(text)
            (self.directory / "bin" / name).chmod(0o755)
        (self.directory / "work/build/release/src/keyshift").symlink_to(self.directory / "bin" / "keyshift")
        files = {
            "etc/database_url": self.database.dsn(),
            "etc/canary": "sk-canary",
            "etc/redis_url": self._redis.url(),
            "etc/webhook_url": "https://hooks.example/keyshift",
            "etc/webhook_secret": "a key of sixteen or more",
            "etc/web.yaml": "basic_auth_users: {}\n",
            "log/access.log": _ACCESS,
            "work/sample.log": _ACCESS,
            "work/keyshift.yaml": _WRONG,
            "work/login.json": json.dumps(OWNER),
        }
        for name, text in files.items():
            (self.directory / name).write_text(text)

    def _environment(self) -> dict[str, str]:
        return {
            **CLEAN_ENVIRONMENT,
            "PATH": f"{self.directory / 'bin'}:{CLEAN_ENVIRONMENT['PATH']}",
            "HOME": str(self.directory),
            "KEYSHIFT": str(binary_path()),
            "KEYSHIFT_PORT": str(self.serve.port),
            "KEYSHIFT_CONFIG": str(self.serve.config_path),
            "PGHOST": str(self._postgres.socket_directory),
            "PGPORT": str(self._postgres.port),
            "PGUSER": "postgres",
            "PGDATABASE": "gateway",
            "DATABASE_URL": self.database.dsn(),
            "REDIS_URL": self._redis.url(),
        }
