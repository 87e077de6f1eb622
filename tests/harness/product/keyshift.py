# SPDX-License-Identifier: Apache-2.0
"""The product itself: one-shot commands, and the daemon under a test's control.

The binary is `$KEYSHIFT_BINARY`, else the development build. Its environment holds nothing of the test run's own except
the switches of sanitizers and coverage, and its home is a scratch directory, so that no test meets another's state.
Whatever it prints, answers or writes is handed to `leaks`.
"""

import copy
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import requests
import yaml

from harness.servers.server import Server
from harness.tools import exposition, http, leaks
from harness.tools.ports import free_port
from harness.tools.process import CLEAN_ENVIRONMENT
from harness.tools.scratch import scratch_directory

_REPOSITORY = Path(__file__).parents[3]
_DEVELOPMENT_BUILD = _REPOSITORY / "build" / "dev" / "src" / "keyshift"
_PASSED_ON = ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE")


def binary_path() -> Path:
    """The binary under test; FileNotFoundError when it has not been built."""
    path = Path(os.environ.get("KEYSHIFT_BINARY", _DEVELOPMENT_BUILD)).absolute()
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: build it, or name another in KEYSHIFT_BINARY")
    return path


class Keyshift:
    """One-shot commands, all with the same home directory."""

    def __init__(self):
        self.home = scratch_directory("home")

    def run(
        self,
        *args: str | os.PathLike,
        env: Mapping[str, str] | None = None,
        input: bytes = b"",
        timeout: float = 30.0,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end, whatever its exit code; `env` is added to an otherwise clean environment."""
        result = subprocess.run(
            [binary_path(), *args],
            input=input,
            capture_output=True,
            env=self.environment(env),
            cwd=cwd or self.home,
            timeout=timeout,
            check=False,
        )
        leaks.heard(f"standard output of {args}", result.stdout)
        leaks.heard(f"standard error of {args}", result.stderr)
        return result

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a command gets, for tests that start one themselves."""
        return _environment(self.home, extra)


class Serve(Server):
    """`keyshift serve`, on a free port, started when entered: `until` it is ready, that is with its first full cycle
    done, or merely healthy, for tests in which a source is down.

    `config` is the configuration tree; without one the daemon gets only `env` and a flag for its address. Address and
    state directory are filled in where the tree leaves them out, and stay the same over restarts. `wrapper` is a
    command that execs the daemon, such as ["prlimit", "--nofile=64"].
    """

    name = "serve"

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        env: Mapping[str, str] | None = None,
        args: Sequence[str] = (),
        until: Literal["ready", "healthy"] = "ready",
        port: int | None = None,
        wrapper: Sequence[str] = (),
    ):
        super().__init__()
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config_path = self.directory / "keyshift.yaml"
        self.state_directory = self.directory / ".local" / "state" / "keyshift"
        self._env = env
        self._args = args
        self._wrapper = wrapper
        self._until = until
        self._configured = config is not None
        if config is not None:
            self.configure(config)

    def configure(self, config: Mapping[str, Any]) -> None:
        """Write the configuration file anew; it takes effect at a restart or a reload."""
        tree = copy.deepcopy(dict(config))
        tree.setdefault("web", {}).setdefault("listen", [f"127.0.0.1:{self.port}"])
        tree.setdefault("state", {}).setdefault("directory", str(self.directory / "state"))
        self.state_directory = Path(tree["state"]["directory"])
        self.config_path.write_text(yaml.safe_dump(tree, sort_keys=False))

    def argv(self) -> Sequence[str]:
        where = (
            [f"--config={self.config_path}"] if self._configured else [f"--web.listen-address=127.0.0.1:{self.port}"]
        )
        return [*self._wrapper, str(binary_path()), "serve", *where, *self._args]

    def environment(self) -> Mapping[str, str]:
        return _environment(self.directory, self._env)

    def answers(self) -> bool:
        return http.answers(f"{self.url}/-/{self._until}")

    def get(self, path: str, **options: Any) -> requests.Response:
        """One request to it; the options are those of `requests.get`."""
        response = http.get(f"{self.url}{path}", **options)
        leaks.heard(f"the answer to {path}", str(response.headers).encode() + response.content)
        return response

    def post(self, path: str, **options: Any) -> requests.Response:
        """As `get`, by POST."""
        return self.get(path, method="POST", **options)

    def scrape_text(self) -> str:
        """What /metrics answers, in the text format."""
        response = self.get("/metrics", headers={"Accept": "text/plain"})
        response.raise_for_status()
        return response.content.decode()

    def metrics(self) -> exposition.Samples:
        """/metrics by (name, labels), parsed strictly."""
        return exposition.parse(self.scrape_text())

    def metric(self, name: str, **labels: str) -> float | None:
        """One sample's value now; None when there is no such sample."""
        return self.metrics().get((name, frozenset(labels.items())))

    def keys(self) -> tuple[float | None, float | None]:
        """keyshift_keys: legacy and modern."""
        samples = self.metrics()
        return tuple(
            samples.get(("keyshift_keys", frozenset({("state", state)}))) for state in ("legacy", "modern")
        )

    def errors(self, source: str = "keys") -> dict[str, float]:
        """Failed polls of a source by reason, those that are not 0."""
        return {
            dict(labels)["reason"]: value
            for (name, labels), value in self.metrics().items()
            if name == "keyshift_source_errors_total" and ("source", source) in labels and value
        }

    def polls(self, source: str = "keys") -> float:
        """Polls of a source that have ended, well or not."""
        return self.metric("keyshift_source_poll_duration_seconds_count", source=source) or 0

    def wait_for_poll(self, timeout: float = 20.0, source: str = "keys") -> None:
        """Wait for the end of a poll that began after this call."""
        begin = self.polls(source)
        self.process.wait_until(lambda: self.polls(source) >= begin + 2, timeout, "two more polls")

    def wait_for_look(self, source: str, timeout: float = 30.0) -> None:
        """The same of a log that can be read, whose polls /metrics shows only when they are saved: several at once on a busy machine."""
        ended = [self._read_at(source)]

        def another() -> bool:
            ended.extend({self._read_at(source)} - {ended[-1]})
            return len(ended) > 2

        self.process.wait_until(another, timeout, f"two more polls of {source}")
        shown = lambda: self.metric("keyshift_source_last_success_timestamp_seconds", source=source) or 0  # noqa: E731
        self.process.wait_until(lambda: shown() >= ended[-1], timeout, f"that poll of {source} on /metrics")

    def _read_at(self, source: str) -> float:
        """When its last poll that went well ended, as of now; seconds since the epoch."""
        reports = self.get("/api/v1/sources").json()["sources"]
        [report] = [report for report in reports if report["source"] == source]
        return datetime.fromisoformat(report["read_at"]).timestamp() if report.get("read_at") else 0

    def terminate(self, timeout: float = 10.0) -> tuple[int, float]:
        """SIGTERM; its exit code (-9: it had to be killed after `timeout` seconds) and how many seconds it took."""
        begin = time.monotonic()
        return self.process.terminate(timeout), time.monotonic() - begin

    def close(self) -> None:
        self.stop()
        leaks.heard_directory(self.directory, besides=frozenset({self.config_path}))
        if not self.state_directory.is_relative_to(self.directory):
            leaks.heard_directory(self.state_directory)
        super().close()


def _environment(home: Path, extra: Mapping[str, str] | None) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # Screens are as wide as their words: no test has to put lines together.
    return {**CLEAN_ENVIRONMENT, "HOME": str(home), "COLUMNS": "10000", **passed_on, **(extra or {})}
