# SPDX-License-Identifier: Apache-2.0
"""scrape_bench against the real daemon, which watches a small table."""

import argparse
import subprocess
import sys
from pathlib import Path

from bench.key_table import KeyTable, start_postgres
from bench.watch import Watch, use_binary


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    given = options.parse_args()
    use_binary(given.binary)
    with start_postgres() as postgres:
        table = KeyTable(postgres, 1_000, 0.6)
        with Watch(table.url, interval="30s") as watch:
            program = Path(__file__).with_name("scrape_bench.py")
            command = [sys.executable, str(program), f"{watch.url}/metrics", f"--pid={watch.pid}"]
            return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
