# SPDX-License-Identifier: Apache-2.0
"""`keyshift doctor` as tests ask it: its findings by subject, and the statements and commands that it says mend them."""

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.product.keyshift import Keyshift, binary_path
from harness.tools import leaks

_SQL = re.compile(r"\b(?:ALTER|CREATE|DROP|GRANT|REVOKE|SELECT)\b.*;", re.DOTALL)


class Doctor:
    """What one run found."""

    def __init__(self, result: subprocess.CompletedProcess):
        self.exit_code = result.returncode
        self.error = result.stderr.decode()
        self.findings: list[dict[str, Any]] = json.loads(result.stdout)
        for finding in self.findings:
            _assert_shape(finding)

    def of(self, subject: str, result: str) -> list[dict]:
        return [f for f in self.findings if (f["subject"], f["result"]) == (subject, result)]

    def what(self, subject: str, result: str) -> str:
        return "\n".join(finding["what"] for finding in self.of(subject, result))

    def mend(self, subject: str, result: str) -> str:
        return "\n".join(finding["mend"] for finding in self.of(subject, result))

    def about(self, subject: str, part: str) -> dict:
        """The one finding of a subject that says this."""
        found = [f for f in self.findings if f["subject"] == subject and part in f["what"]]
        assert len(found) == 1, self.findings
        return found[0]

    def sql(self, subject: str, part: str) -> list[str]:
        """The statements that mend the finding that says this."""
        mend = self.about(subject, part)["mend"]
        found = _SQL.search(mend)
        assert found, mend
        return [statement.strip() for statement in found.group().split(";")[:-1]]


def _assert_shape(finding: dict[str, Any]) -> None:
    """What docs/cli.md promises of each."""
    assert list(finding) == ["subject", "result", "what", "mend", "reason"]
    assert finding["result"] in ("ok", "warning", "failure"), finding
    assert finding["what"] and "\n" not in finding["what"] and not finding["what"].endswith("."), finding
    assert not finding["mend"].endswith((".", "\n")), finding
    assert finding["mend"] or finding["result"] == "ok", f"nothing is said to mend {finding}"
    assert (finding["reason"] is None) == (finding["result"] != "failure"), finding


def doctor(
    tree: Mapping[str, Any] | None = None,
    *,
    user: str | None = None,
    groups: Sequence[int] = (),
    wrapper: Sequence[str | Path] = (),
    **env: str,
) -> Doctor:
    """Run it with this configuration. As another `user`, who then has the state in a directory of its own."""
    keyshift = Keyshift()
    args = ["doctor", "--format", "json"]
    if tree is not None:
        path = keyshift.home / "k.yaml"
        path.write_text(json.dumps({"state": {"directory": str(keyshift.home / "state")}, **tree}))
        args += ["--config", str(path)]
    if user is None:
        return Doctor(_run([*wrapper, binary_path(), *args], keyshift.environment(env)))
    os.chmod(keyshift.home, 0o777)
    return Doctor(_run([*wrapper, binary_path(), *args], keyshift.environment(env), user=user, extra_groups=groups))


def _run(command: Sequence[str | Path], env: Mapping[str, str], **options: Any) -> subprocess.CompletedProcess:
    result = subprocess.run(
        command, capture_output=True, env=env, cwd="/", timeout=30, check=False, stdin=subprocess.DEVNULL, **options
    )
    leaks.heard("the doctor's standard output", result.stdout)
    leaks.heard("the doctor's standard error", result.stderr)
    return result
