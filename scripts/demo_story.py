# SPDX-License-Identifier: Apache-2.0
"""What an operator sees and does during the demonstration: the first screen, each change of the verdict, who was locked
out and the command that finds it, a brownout and what came of it, and SAFE."""

import csv
import io
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping

from harness.product.keyshift import Keyshift, Serve
from harness.tools import http

VERDICTS = ("safe", "not_yet", "unsafe", "unknown")
BROWNOUT_SECONDS = 5


class Story:
    """Goes on by one scene at a time, when it is time for that."""

    def __init__(self, serve: Serve, gateway: str, env: Mapping[str, str]):
        self._serve, self._gateway, self._env = serve, gateway, env
        self._keyshift = Keyshift()
        self._verdict = ""
        self._locked_out = 0
        self._scenes = self._tell()
        self._waits_for = next(self._scenes)

    def go_on(self) -> None:
        """Once a second."""
        self._watch_verdict()
        self._watch_locked_out()
        while self._waits_for():
            self._waits_for = next(self._scenes, lambda: False)

    def _tell(self) -> Iterator[Callable[[], bool]]:
        """Each yields what the next one waits for."""
        yield lambda: self._legacy() > 0
        self._run("status")
        yield lambda: self._legacy() == 0
        self._say("All keys have moved. Brownout: the fallback is switched off for some seconds.")
        self._run("mark", "brownout-begin", "--note", "rehearsal")
        self._switch_fallback(False)
        over = time.monotonic() + BROWNOUT_SECONDS
        yield lambda: time.monotonic() > over
        self._switch_fallback(True)
        self._run("mark", "brownout-end")
        self._acknowledge_those_who_were_asked()
        yield lambda: self._holds("safe")
        self._run("verdict")
        self._run("mark")

    def _watch_verdict(self) -> None:
        now = next((word for word in VERDICTS if self._holds(word)), "")
        if now != self._verdict:
            reason = self._output("verdict").splitlines()[:1]
            self._say(f"Verdict  {''.join(reason)}" if now else "There is no verdict.")
        self._verdict = now

    def _watch_locked_out(self) -> None:
        count = int(self._serve.metric("keyshift_legacy_keys", phase="retired_in_use") or 0)
        if count > self._locked_out == 0:
            self._say("Somebody has deleted a key that was in use. Which one, and whose?")
            self._run("report", "--phase", "retired_in_use")
        self._locked_out = count

    def _acknowledge_those_who_were_asked(self) -> None:
        rows = csv.DictReader(io.StringIO(self._output("report", "--phase", "retired_in_use", "--format", "csv")))
        for row in rows:
            self._run("ack", row["id"], "--note", "asked the owner: the new key is in use")

    def _legacy(self) -> float:
        value = self._serve.metric("keyshift_keys", state="legacy")
        return -1 if value is None else value

    def _holds(self, verdict: str) -> bool:
        return self._serve.metric("keyshift_fallback_removal_verdict", verdict=verdict) == 1

    def _switch_fallback(self, on: bool) -> None:
        http.get(f"{self._gateway}/_sim/fallback", method="POST", json={"enabled": on})

    def _output(self, *args: str) -> str:
        result = self._keyshift.run(*args, f"--config={self._serve.config_path}", env=self._env)
        return (result.stdout + result.stderr).decode()

    def _run(self, *args: str) -> None:
        shown = subprocess.list2cmdline(args).replace('"', "'")
        self._say(f"$ keyshift {shown}", *self._output(*args).splitlines())

    @staticmethod
    def _say(*lines: str) -> None:
        if sys.stdout.isatty():
            print("\r\x1b[K", end="")
        print("", *lines, sep="\n", flush=True)
