# SPDX-License-Identifier: Apache-2.0
"""Runs the cases of a folder of field reports against a build, one after the other, and says right or wrong.

The folder has field/, products/, truth/ and chaos/ with a README each. A case of the first three is a script that
ends with 0 where keyshift is right. One of chaos prints what it saw; chaos.py says which of them can be judged.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import chaos

CASE_SECONDS = 900


@dataclass(frozen=True)
class Case:
    name: str
    command: list[str]
    judge: chaos.Judge | None  # None: by the exit code


def cases(folder: Path) -> list[Case]:
    found = [
        Case(f"{kind}/{script.parent.name}", [str(script)], None)
        for kind in ("field", "products", "truth")
        for script in sorted((folder / kind / "cases").glob("*/run.sh"))
    ]
    for name in chaos.SCRIPTS:
        script = folder / "chaos" / f"{name}.py"
        if script.exists():
            command = ["/usr/bin/python3", str(script), *chaos.ARGUMENTS.get(name, ())]
            found.append(Case(f"chaos/{name}", command, chaos.JUDGES.get(name)))
    return found


def run(case: Case, binary: Path, output: Path) -> str:
    """"right", "wrong", or "not judged": it ran, and a person has to read what it printed."""
    environment = dict(os.environ, KEYSHIFT=str(binary), PYTHONDONTWRITEBYTECODE="1", NO_COLOR="1")
    with output.open("wb") as out:
        try:
            code = subprocess.run(
                case.command, env=environment, stdout=out, stderr=subprocess.STDOUT, timeout=CASE_SECONDS, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return "wrong"
    if case.judge:
        return "right" if code == 0 and not case.judge(output.read_text(errors="replace")) else "wrong"
    if case.name.startswith("chaos/"):
        return "not judged" if code == 0 else "wrong"
    return "right" if code == 0 else "wrong"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--binary", type=Path, default=Path("build/dev/src/keyshift"))
    parser.add_argument("--only", default="", help="names that have one of these in them, separated by commas")
    parser.add_argument("--output", type=Path, help="where to leave what the cases print (default: a new folder)")
    arguments = parser.parse_args()
    wanted = [
        case
        for case in cases(arguments.folder.resolve())
        if not arguments.only or any(part in case.name for part in arguments.only.split(","))
    ]
    if not wanted:
        print(f"no case of {arguments.folder} has a name with {arguments.only}", file=sys.stderr)
        return 2
    output = arguments.output or Path(tempfile.mkdtemp(prefix="keyshift-field-"))
    output.mkdir(parents=True, exist_ok=True)
    results: dict[str, int] = {}
    if any(case.name == f"chaos/{name}" for case in wanted for name in chaos.ON_THE_RIG):
        rig = Path(__file__).with_name("chaos_rig.py")
        wanted.insert(0, Case("chaos/rig", ["/usr/bin/python3", str(rig), str(arguments.folder.resolve())], lambda _: []))
    for case in wanted:
        began = time.monotonic()
        kept = output / (case.name.replace("/", "-") + ".txt")
        result = run(case, arguments.binary.resolve(), kept)
        results[result] = results.get(result, 0) + 1
        print(f"{result:10}  {case.name:40} {time.monotonic() - began:5.0f} s  {kept}", flush=True)
    print(", ".join(f"{count} {result}" for result, count in sorted(results.items())))
    return 1 if results.get("wrong") else 0


if __name__ == "__main__":
    sys.exit(main())
