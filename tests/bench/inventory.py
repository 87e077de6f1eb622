"""The API's lists about many keys, and the status page's: any filter, search, order and page, of the daemon that watches a million. Whole
requests by HTTP on one connection, and the daemon's memory beside what it takes without the index."""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import requests

from harness.product.keyshift import Serve
from harness.product.watching import watching
from bench.key_table import KeyTable, start_postgres
from bench.measure import MIB, Row, alternate, forget_peak, median, print_table, smaps_bytes, status_bytes
from bench.watch import use_binary

TARGET_MS = 200.0
QUERIES = {
    "newest": "keys",
    "by last use": "keys?sort=last_used",
    "by owner, backwards": "keys?sort=-owner",
    "by phase": "keys?sort=phase",
    "a phase": "keys?phase=dormant",
    "one owner": "keys?owner={owner}",
    "idle": "keys?idle_longer_than=90d&sort=last_used",
    "search, few found": "keys?search={id}",
    "search, nothing found": "keys?search=zzzzzz",
    "search, nearly all found": "keys?search=-&sort=last_used",
    "the last page of 1,000": "keys?limit=1000&cursor={cursor}",
    "one key": "keys/{id}",
    "by name": "keys?sort=name",
    "by name, the last page": "keys?sort=-name&phase=all&limit=1000",
    "owners": "owners",
    "owners by last use": "owners?sort=last_used&limit=1000",
}


# The same questions as the status page asks them, as documents of 50 keys.
PAGES = {
    "page: newest": "keys",
    **{f"page: by {column}": f"keys?sort={sign}{column}" for column, sign in zip(("name", "owner", "phase", "since", "created", "last_used"), ("", "-", "", "-", "", "-"), strict=True)},
    "page: a phase": "keys?phase=dormant",
    "page: search, few found": "keys?search={id}",
    "page: search, nearly all found": "keys?search=-&sort=last_used",
    "page: one key": "keys/{id}",
    "page: owners": "owners",
    "page: the first answers": "",
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--binary", type=Path, default=Path("build/bench/src/keyshift"))
    options.add_argument("--keys", type=int, default=1_000_000, help="all of them legacy")
    options.add_argument("--rounds", type=int, default=9)
    given = options.parse_args()
    use_binary(given.binary)
    rows = []
    with start_postgres() as postgres:
        table = KeyTable(postgres, given.keys, 1.0)
        with Serve(watching(table.url, interval="1h", timeout="10m"), until="ready") as serve, requests.Session() as client:
            pid = serve.process.pid

            def ask(target: str) -> dict:
                answer = client.get(f"{serve.url}/api/v1/{target}", timeout=120)
                answer.raise_for_status()
                return answer.json()

            idle = smaps_bytes(pid, "Private_Dirty")
            forget_peak(pid)
            begin = time.monotonic()
            page = client.get(f"{serve.url}/keys", headers={"Accept": "text/html"}, timeout=120)
            first_look = (time.monotonic() - begin) * 1000
            assert page.status_code == 503 and "data-soon" in page.text, "keys are being read"
            first = ask("keys")
            built = time.monotonic() - begin
            assert first["total"] == given.keys
            key = first["keys"][0]
            cursor = ask("keys?sort=created&limit=1000")["next"].replace("created", "-created", 1)
            fill = {"owner": key["owner"] or "", "id": key["id"], "cursor": cursor}

            def job(target: str) -> Callable[[], float]:
                def run() -> float:
                    began = time.monotonic()
                    ask(target)
                    return (time.monotonic() - began) * 1000

                return run

            def look(target: str) -> Callable[[], float]:
                def run() -> float:
                    began = time.monotonic()
                    answer = client.get(f"{serve.url}/{target}", headers={"Accept": "text/html"}, timeout=120)
                    answer.raise_for_status()
                    return (time.monotonic() - began) * 1000

                return run

            jobs = {name: job(query.format(**fill)) for name, query in QUERIES.items()}
            jobs |= {name: look(query.format(**fill)) for name, query in PAGES.items()}
            took = alternate(jobs, given.rounds)
            rows += [Row(name, median(values), "ms", at_most=TARGET_MS) for name, values in took.items()]
            rows.append(Row("page: the first look, while keys are being read", first_look, "ms", at_most=TARGET_MS))
            rows.append(Row("the first question, index included", built, "s"))
            rows.append(Row("memory that the index takes", (smaps_bytes(pid, "Private_Dirty") - idle) / MIB, "MiB"))
            rows.append(Row("resident at most", status_bytes(pid, "VmHWM") / MIB, "MiB"))
    print_table(f"Lists of {given.keys:,} legacy keys by the API", rows)


if __name__ == "__main__":
    main()
