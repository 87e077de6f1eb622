# SPDX-License-Identifier: Apache-2.0
"""Writes what a whole run has recorded into the tables of docs/reliability.md: tests/faults/page.py FOLDER"""

import json
import re
import sys
from pathlib import Path

from faults.cell import Result
from faults.sources_and_faults import FAULTS, NO_SENSE, PASSING, PROCESS, SOURCES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
NOT_TRIED = "–"
HEAD_OF_PROCESS = ["fault", "what is shown", "verdict", "polls until back", "slowest scrape"]


def reasons() -> list[str]:
    """Why cells are not tried, each once, in the order of the table."""
    return list(dict.fromkeys(NO_SENSE[cell] for fault in FAULTS for source in SOURCES if (cell := (source, fault)) in NO_SENSE))


def table_of_sources(results: dict[tuple[str, str], Result]) -> str:
    rows = [["fault", *(f"`{source}`" for source in SOURCES)], ["---"] * (len(SOURCES) + 1)]
    for fault, title in FAULTS.items():
        rows.append([title, *(_cell(source, fault, results) for source in SOURCES)])
    return _lines(rows)


def table_of_process(results: dict[tuple[str, str], Result]) -> str:
    rows = [HEAD_OF_PROCESS, ["---"] * len(HEAD_OF_PROCESS)]
    for fault, title in PROCESS.items():
        found = results["process", fault]
        rows.append([title, found.shown, found.verdict, _until(found), f"{found.worst_scrape_ms:.0f} ms"])
    return _lines(rows)


def not_tried() -> str:
    """The list under the table, whose numbers its cells name."""
    return "".join(f"{number}. {reason[0].upper()}{reason[1:]}.\n" for number, reason in enumerate(reasons(), 1))


def slowest(results: dict[tuple[str, str], Result]) -> str:
    worst = max(results.values(), key=lambda result: result.worst_scrape_ms)
    return f"The slowest scrape of the run took {worst.worst_scrape_ms:.0f} ms, of the {len(results)} cells that were tried.\n"


def update(page: str, results: dict[tuple[str, str], Result]) -> str:
    parts = {
        "sources": table_of_sources(results), "not tried": not_tried(),
        "process": table_of_process(results), "slowest": slowest(results),
    }  # fmt: skip
    for name, text in parts.items():
        place = re.compile(f"(<!-- faults: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        assert place.search(page), f"the page has no place for {name}"
        page = place.sub(lambda found: found[1] + text + found[2], page)
    return page


def load(folder: Path) -> dict[tuple[str, str], Result]:
    found = [Result(**json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
    results = {(result.row, result.column): result for result in found}
    wanted = {(source, fault) for source in SOURCES for fault in FAULTS} - set(NO_SENSE) | {("process", fault) for fault in PROCESS}
    assert results.keys() == wanted, f"not of a whole run: {sorted(results.keys() ^ wanted)}"
    return results


def _cell(source: str, fault: str, results: dict[tuple[str, str], Result]) -> str:
    if (source, fault) in NO_SENSE:
        return f"{NOT_TRIED} ({reasons().index(NO_SENSE[source, fault]) + 1})"
    result = results[source, fault]
    back = f"; back in {_until(result)}" if result.polls_until_back else ""
    shown = result.shown.replace("down", "down for a moment") if fault in PASSING else result.shown
    return f"{shown}; {result.verdict}{back}"


def _until(result: Result) -> str:
    return str(result.polls_until_back) if result.polls_until_back is not None else NOT_TRIED


def _lines(rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    PAGE.write_text(update(PAGE.read_text(), load(Path(sys.argv[1]))))
