"""Every benchmark of this directory, one after the other. `--keys` and the like: run one by itself."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PROGRAMS = ("start.py", "scrape.py", "pulse.py", "report.py", "census.py", "load.py", "pooler.py", "logs.py")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--bench-state", type=Path, help="bench_state; default: in the same build as the binary")
    given = options.parse_args()
    bench_state = given.bench_state or given.binary.parent.parent / "tests" / "bench" / "bench_state"
    commands = [[str(bench_state)], [str(bench_state.with_name("bench_statements"))]]
    commands += [[sys.executable, str(HERE / name), f"--binary={given.binary}"] for name in PROGRAMS]
    failed = 0
    began = time.monotonic()
    for command in commands:
        failed += subprocess.run(command, check=False).returncode != 0
    print(f"\n{len(commands)} benchmarks in {time.monotonic() - began:.0f} s, {failed} of them failed to run")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
