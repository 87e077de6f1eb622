# SPDX-License-Identifier: Apache-2.0
"""A gateway in a process of its own, for tests. It ends with the thread that started it at the latest."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

START_SECONDS = 20
STOP_SECONDS = 5
JWT_SECRET = "a-secret-for-tests"


class Gateway:
    """Context manager. `url` and `pid` are set while it runs; `log_path` stays readable until `close`.

    Log lines go to `log_file`, by default a temporary file; `log_level` None means what an unset RUST_LOG means.
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
        port: int = 0,
    ):
        self._temporary = tempfile.TemporaryDirectory(prefix="gateway-sim-") if log_file is None else None
        self.log_path = Path(log_file or Path(self._temporary.name, "gateway.log"))
        self.url: str | None = None
        self.pid: int | None = None
        self._process: subprocess.Popen | None = None
        self._environment = {
            "DATABASE_URL": dsn,
            "REDIS_URL": redis_url,
            "RUST_LOG": log_level,
            "JWT_SECRET": JWT_SECRET,
            "NO_COLOR": None,
        }
        self._options = [
            *("--behaviour", behaviour, "--host", host, "--port", str(port), "--bcrypt-cost", str(bcrypt_cost)),
            *("--fallback-scope", fallback_scope, "--auth-cache-ttl", str(auth_cache_ttl)),
            *("--log-file", str(self.log_path), "--log-format", log_format),
            *(["--require-auth"] if require_auth else []),
            *([] if colour else ["--no-color"]),
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
        if self._process is None:
            return
        self._process.send_signal(signal_number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._process = self.url = self.pid = None

    def close(self) -> None:
        """Removes the temporary log."""
        if self._temporary:
            self._temporary.cleanup()

    def counts(self) -> dict:
        """counts.py documents the members."""
        with urllib.request.urlopen(f"{self.url}/_sim/counts", timeout=5) as reply:
            return json.load(reply)

    def set_fallback(self, enabled: bool) -> None:
        """Only for behaviour `fallback`."""
        body = json.dumps({"enabled": enabled}).encode()
        request = urllib.request.Request(f"{self.url}/_sim/fallback", body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()

    def log_text(self) -> str:
        return self.log_path.read_text(encoding="utf-8")
