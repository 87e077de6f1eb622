# SPDX-License-Identifier: Apache-2.0
"""Each dashboard as a person sees it: drawn with Grafana's own parts in headless Chromium, fed by a real Prometheus after a
migration in fast motion. `make test-dashboards` installs what this needs; PICTURES says where the pictures are to go."""

import copy
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from demonstration import migrated
from panel_answers import Range, page_input

from harness.documents.dashboards import FILES, Dashboard, Panel, load, panels
from harness.servers.postgres import Postgres
from harness.servers.prometheus import Prometheus
from harness.servers.redis import Redis
from harness.tools.process import program
from harness.tools.scratch import scratch_directory

HERE = Path(__file__).parent
THEMES = ("dark", "light")
# As wide as a small screen is.
WIDTH_PIXELS = 1280
# No log is read here, nothing is forecast within a minute, and no series per key is exported.
EMPTY = {
    "Clients with an unknown key", "Failing clients by reason", "Events in the log of the gateway", "Lines", "Read",
    "Not read yet", "Days of reserve", "Forecast end against the deadline", "Key by key",
}  # fmt: skip
# It has data on a machine under load.
MAY_BE_EMPTY = {"Looks that failed"}

Faults = list[tuple[str, str]]
Demonstration = tuple[Prometheus, Range]

pytestmark = pytest.mark.time_limit(400)


@pytest.fixture(scope="module")
def demonstration(postgres: Postgres, redis: Redis) -> Iterator[Demonstration]:
    with migrated(postgres, redis) as result:
        yield result


@pytest.fixture(scope="module")
def bundle() -> Path:
    directory = scratch_directory("bundle")
    subprocess.run([program("node"), "bundle.mjs", directory], cwd=HERE, check=True)
    return directory


@pytest.fixture(scope="module")
def drawn(demonstration: Demonstration, bundle: Path) -> dict[tuple[str, str], Faults]:
    """By dashboard and theme: what is wrong with each."""
    pictures = Path(os.environ.get("PICTURES") or scratch_directory("pictures")).absolute()
    pictures.mkdir(parents=True, exist_ok=True)
    inputs = {path.stem: page_input(demonstration[0], load(path), demonstration[1]) for path in FILES}
    jobs = {
        (name, theme): job(page, theme, pictures / f"dashboard-{name.removeprefix('keyshift-')}-{theme}.png")
        for name, page in inputs.items()
        for theme in THEMES
    }
    faults = dict(zip(jobs, draw(bundle, list(jobs.values())), strict=True))
    for each in jobs.values():
        assert Path(each["picture"]).read_bytes().startswith(b"\x89PNG")
        make_small(each["picture"])
    return faults


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_every_panel_can_be_read(drawn: dict[tuple[str, str], Faults], name: str, theme: str):
    faults = [fault for fault in drawn[name, theme] if fault[1] != "has no data"]
    assert faults == []


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_panels_have_data_where_the_demonstration_has(drawn: dict[tuple[str, str], Faults], name: str):
    empty = {panel for panel, what in drawn[name, "dark"] if what == "has no data"}
    expected = EMPTY & {panel["title"] for panel in panels(load(HERE.parents[1] / "dashboards" / f"{name}.json"))}
    assert empty - MAY_BE_EMPTY == expected


def test_panels_without_any_data_can_be_read_too(bundle: Path):
    """What they say then fits, and none of them stays blank."""
    pages = [{"dashboard": load(path), "answers": {}, "errors": {}, "range": {"from": 0, "to": 60_000}} for path in FILES]
    for path, faults in zip(FILES, draw(bundle, [job(page, "light") for page in pages]), strict=True):
        assert [fault for fault in faults if fault[1] != "has no data"] == [], path.stem
        assert {panel for panel, _ in faults} == {panel["title"] for panel in panels(load(path))}


def of_defaults(panel: Panel, **settings: Any) -> None:
    panel["fieldConfig"]["defaults"].update(settings)


def of_column(panel: Panel, column: str, name: str, value: Any) -> None:
    override = {"matcher": {"id": "byName", "options": column}, "properties": [{"id": name, "value": value}]}
    panel["fieldConfig"]["overrides"].append(override)


def asks(panel: Panel, expression: str) -> None:
    panel["targets"][0]["expr"] = expression


def shows_only(panel: Panel, column: str) -> None:
    panel["transformations"] = [{"id": "filterFieldsByName", "options": {"include": {"names": [column]}}}]


def shows_pictures(panel: Panel) -> None:
    somewhere = {"type": "regex", "options": {"pattern": ".+", "result": {"text": "https://example.org/x.png"}}}
    of_column(panel, "Check", "mappings", [somewhere])
    of_column(panel, "Check", "custom.cellOptions", {"type": "image"})


# Panels of the overview, what is made wrong with them, and what has to be noticed.
PLANTED: list[tuple[str, Callable[[Panel], None], str]] = [
    ("Days of reserve", lambda panel: asks(panel, "rate(keyshift_keys{})"), "errs: .*parse error"),
    ("Removed", lambda panel: panel.update(type="piechart"), "errs: panels of type piechart"),
    ("Safe at the earliest", lambda panel: panel["options"].pop("reduceOptions"), "errs: .*undefined"),
    ("Legacy keys left", lambda panel: asks(panel, "keyshift_no_such_metric"), "has no data"),
    ("Keys to act on", lambda panel: shows_only(panel, "nothing"), "has data and says"),
    ("Until the deadline", lambda panel: asks(panel, 'keyshift_keys{state="legacy"} / 0 * 0'), "has data and says"),
    ("The migration is", lambda panel: panel.update(title="The migration is, as far as it is known,"), "cut off: The mig"),
    ("Alerts that fire", lambda panel: of_column(panel, "Alert", "custom.width", 60), "cut off: Keyshift"),
    ("Fallback and failures", lambda panel: of_defaults(panel, custom={"axisWidth": 12}), "cut off: .* req/s"),
    ("Age of the numbers", lambda panel: panel["options"].update(text={"titleSize": 7}), "too small to read: "),
    ("Burn-down", lambda panel: of_defaults(panel, unit="parsecs"), "a unit that Grafana does not know: parsecs"),
    ("What keeps the verdict from SAFE", lambda panel: of_column(panel, "Result", "unit", "fathoms"), "not know: fathoms"),
    ("Keys by phase", lambda panel: of_defaults(panel, colour="red"), "an unknown option colour"),
]  # fmt: skip


@pytest.fixture(scope="module")
def planted(demonstration: Demonstration, bundle: Path) -> dict[str, Faults]:
    """By theme: the overview with all of the faults at once."""
    dashboard = load_overview()
    for title, spoil, _ in PLANTED:
        spoil(panel_of(dashboard, title))
    page = page_input(demonstration[0], dashboard, demonstration[1])
    return dict(zip(THEMES, draw(bundle, [job(page, theme) for theme in THEMES]), strict=True))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("title", "spoil", "noticed"), PLANTED, ids=[title for title, _, _ in PLANTED])
def test_a_planted_fault_is_noticed(planted: dict[str, Faults], title: str, spoil: Callable, noticed: str, theme: str):
    spoilt = copy.deepcopy(panel_of(load_overview(), title))
    spoil(spoilt)
    assert_has(planted[theme], spoilt["title"], noticed)


def test_a_request_that_leaves_the_page_is_noticed(demonstration: Demonstration, bundle: Path):
    dashboard = load_overview()
    shows_pictures(panel_of(dashboard, "What keeps the verdict from SAFE"))
    (faults,) = draw(bundle, [job(page_input(demonstration[0], dashboard, demonstration[1]), "dark")])
    assert_has(faults, "", "asks for https://example.org/x.png")


def assert_has(faults: Faults, title: str, pattern: str) -> None:
    found = [what for panel, what in faults if panel == title]
    assert any(re.search(pattern, what) for what in found), f"{title}: {found}"


def load_overview() -> Dashboard:
    return load(HERE.parents[1] / "dashboards" / "keyshift-overview.json")


def panel_of(dashboard: Dashboard, title: str) -> Panel:
    (found,) = (panel for panel in panels(dashboard) if panel["title"] == title)
    return found


def job(page: dict[str, Any], theme: str, picture: Path | None = None) -> dict[str, Any]:
    return {"input": {**page, "theme": theme}, "width": WIDTH_PIXELS, "picture": picture and str(picture)}


def draw(bundle: Path, jobs: list[dict[str, Any]]) -> list[Faults]:
    file = scratch_directory("drawing") / "jobs.json"
    file.write_text(json.dumps(jobs))
    argv = [program("node"), "draw.mjs", bundle, file]
    result = subprocess.run(argv, cwd=HERE, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return [[(fault["panel"], fault["what"]) for fault in faults] for faults in json.loads(result.stdout)]


def make_small(picture: str) -> None:
    if pngquant := shutil.which("pngquant"):
        subprocess.run([pngquant, "--force", "--ext", ".png", "--strip", "256", picture], check=True)
