"""The peer of whatever reads the key table: Debian's psql, writing text to /dev/null."""

import re
import subprocess
from typing import Self

from harness.tools.process import CLEAN_ENVIRONMENT, program


class Psql:
    """One psql with its connection open: its own `\\timing` counts from sending a query to its last byte."""

    def __init__(self, dsn: str):
        self._process = subprocess.Popen(
            [program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=CLEAN_ENVIRONMENT,
            text=True,
        )
        self._send("SET TimeZone = 'UTC';\n\\timing on\n\\o /dev/null")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def copy_seconds(self, select: str) -> float:
        """COPY of `select` as text: how long."""
        self._send(f"COPY ({select}) TO STDOUT;")
        line = self._process.stdout.readline()
        match = re.match(r"Time: ([\d.]+) ms", line)
        if not match:
            raise RuntimeError(f"psql: {line}{self._process.stdout.read()}")
        return float(match.group(1)) / 1000.0

    def _send(self, text: str) -> None:
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()


def copy_command(dsn: str, select: str, options: str = "") -> list[str]:
    """A whole run of psql, from start to end."""
    return [program("psql"), "-X", "-q", "-c", f"COPY ({select}) TO STDOUT {options}", dsn]
