# SPDX-License-Identifier: Apache-2.0
"""A gateway in a process of its own, for tests. It ends with the thread that started it at the latest."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from harness.tools.ports import free_port
from harness.tools.scratch import scratch_directory

from .counts import summed

START_SECONDS = 20
STOP_SECONDS = 5
JWT_SECRET = "a-secret-for-tests"


class Gateway:
    """Context manager. `url` and `pid` are set while it runs; `log_path` stays readable until `close`. The port, a free
    one unless given, stays the same over restarts.

    Log lines go to `log_file`, by default a temporary file; `log_level` is what RUST_LOG would be, None where it is unset.
    """

    def __init__(
        self,
        dsn: str | None,
        redis_url: str | None = None,
        *,
        behaviour: str = "faithful",
        require_auth: bool = False,
        bcrypt_cost: int = 4,
        fallback_scope: str = "all",
        auth_cache_ttl: int = 300,
        log_file: str | os.PathLike | None = None,
        log_level: str | None = "debug",
        log_format: str = "text",
        colour: bool = True,
        host: str = "127.0.0.1",
        port: int | None = None,
        auth_metrics: bool = False,
        process_metrics: bool = False,
    ):
        self._scratch = scratch_directory("gateway") if log_file is None else None
        self.log_path = Path(log_file or self._scratch / "gateway.log")
        self.url: str | None = None
        self.pid: int | None = None
        self._process: subprocess.Popen | None = None
        self._past: list[dict] = []
        self._past_is_known = True
        self._environment = {
            "DATABASE_URL": dsn,
            "REDIS_URL": redis_url,
            "RUST_LOG": log_level,
            "JWT_SECRET": JWT_SECRET,
            "NO_COLOR": None,
        }
        self._options = [
            *("--behaviour", behaviour, "--host", host, "--port", str(port or free_port())),
            *("--bcrypt-cost", str(bcrypt_cost), "--fallback-scope", fallback_scope),
            *("--auth-cache-ttl", str(auth_cache_ttl)),
            *("--log-file", str(self.log_path), "--log-format", log_format),
            *(["--require-auth"] if require_auth else []),
            *([] if colour else ["--no-color"]),
            *(["--auth-metrics"] if auth_metrics else []),
            *(["--process-metrics"] if process_metrics else []),
        ]

    def __enter__(self) -> "Gateway":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self.close()

    def start(self) -> None:
        """Returns once it listens; may be called again after `stop`."""
        environment = {**os.environ, **self._environment}
        environment = {name: value for name, value in environment.items() if value is not None}
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
        command = ["setpriv", "--pdeathsig=TERM", "--", sys.executable, "-m", "gateway_sim", "serve", *self._options]
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        ready, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        line = self._process.stdout.readline() if ready else b""
        if not line:
            self.stop(signal.SIGKILL)
            raise RuntimeError("the simulated gateway did not start; its standard error says why")
        answer = json.loads(line)
        self.url, self.pid = answer["url"], answer["pid"]

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """Remembers the counts just before: with requests under way they may miss the last ones."""
        if self._process is None:
            return
        self._remember_counts()
        self._process.send_signal(signal_number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = self.url = self.pid = None

    def restart(self, signal_number: int = signal.SIGTERM) -> None:
        """What it counts in its process starts again at 0."""
        self.stop(signal_number)
        self.start()

    def close(self) -> None:
        """Removes the temporary log."""
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def counts(self) -> dict:
        """Over all starts; counts.py documents the members."""
        if not self._past_is_known:
            raise RuntimeError("the simulated gateway ended by itself once, and took its counts with it")
        return summed([*self._past, *([self.counts_since_start()] if self._process else [])])

    def counts_since_start(self) -> dict:
        """Of the running process alone, as its /metrics."""
        with urllib.request.urlopen(f"{self.url}/_sim/counts", timeout=5) as reply:
            return json.load(reply)

    def set_fallback(self, enabled: bool) -> None:
        """Only for behaviour `fallback`."""
        body = json.dumps({"enabled": enabled}).encode()
        request = urllib.request.Request(f"{self.url}/_sim/fallback", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()

    def _remember_counts(self) -> None:
        if self.url is None:
            return
        try:
            self._past.append(self.counts_since_start())
        except OSError:
            self._past_is_known = False

    def log_text(self) -> str:
        return self.log_path.read_text(encoding="utf-8")
