# SPDX-License-Identifier: Apache-2.0
"""What is written is true: metrics, dashboards, alerts, keys, flags, exit codes and links against the running program and
the files. test_documented_commands.py runs what stands in blocks."""

import functools
import re
from pathlib import Path

import pytest

from harness.documents import documents

from harness.documents.alert_rules import groups, headings, rules
from harness.documents.dashboards import FILES, expressions, load
from harness.documents.promql import Selector, grouping_labels, selectors
from harness.product.keyshift import Keyshift, Serve
from harness.servers.postgres import Database
from harness.tools import exposition
from harness.tools.http_faults import HttpFaults, text
from harness.tools.wait import eventually
from gateway_sim import Seed, create_schema

ROOT = Path(__file__).resolve().parents[2]
COMMAND = r"[a-z]+(?:-[a-z]+)*"
NAME = re.compile(r"(?<![\w:])(?:keyshift|process)_[a-z][a-z0-9_]+")
FLEET = (ROOT / "config" / "fleet" / "fleet.rules.yaml").read_text()
DOCUMENTS = documents.documents()
# In a fresh demonstration table nothing has a deadline, and nothing was removed from which to estimate an end.
NOT_IN_EVERY_SCRAPE = {
    "keyshift_migration_deadline_timestamp_seconds",
    "keyshift_migration_eta_timestamp_seconds",
    "keyshift_migration_last_progress_timestamp_seconds",
}
NOT_METRICS = {"keyshift_legacy_activity", "keyshift_keys_shared"}
# What Prometheus adds, and has of its own.
OF_TARGETS = {"job", "instance"}
OF_PROMETHEUS = {"up": set(), "ALERTS": {"alertname", "alertstate", "severity", "source"}}
# Which evidence there is, depends on the sources.
OPEN_LABELS = {"evidence", "gateway", "version", "cost"}
BORROWED = {("keyshift_key_phase", "phase")}
# Each of whose values is always there.
CLOSED_LABELS = {"phase", "state", "window", "reason", "mode"}


@pytest.fixture(scope="module")
def served(postgres, redis, tmp_path_factory) -> str:
    """/metrics of a running daemon with all collectors that there are."""
    logs = tmp_path_factory.mktemp("logs")
    for name in ("access", "gateway"):
        (logs / name).touch()
    (logs / "web.yaml").touch()
    database: Database = postgres.create_database()
    create_schema(database.dsn())
    Seed().plant(database.dsn())
    env = {"DATABASE_URL": database.dsn(), "REDIS_URL": redis.url()}
    counters = [
        {"event": event, "metric": f"gateway_{event}_total"}
        for event in ("response_cache_hit", "response_cache_miss", "request_success")
    ]
    with HttpFaults() as replica:
        replica.answer(text("".join(f"{counter['metric']} 1\n" for counter in counters)))
        metrics = {"type": "gateway_metrics", "targets": [f"{replica.url}/metrics"], "counters": counters}
        collectors = [{"type": "keys"}, {"type": "statements"}, {"type": "redis"}, metrics]
        collectors += [{"type": f"{name}_log", "input": {"files": [str(logs / name)]}} for name in ("access", "gateway")]
        with Serve({"collectors": collectors, "web": {"per_key_series": True, "config_file": str(logs / "web.yaml")}}, env=env) as serve:
            for kind in ("brownout-begin", "brownout-end", "cutover"):
                done = Keyshift().run("mark", kind, "--config", serve.config_path, env=env)
                assert done.returncode == 0, done.stderr.decode()
            eventually(lambda: serve.metric("keyshift_mark_timestamp_seconds", mark="cutover"), 10, "marks are shown")
            page = serve.scrape_text()
    database.drop()
    return page


@pytest.fixture(scope="module")
def emitted(served: str) -> set[str]:
    """The names of all families."""
    return set(re.findall(r"^# TYPE (\S+)", served, re.MULTILINE))


@pytest.fixture(scope="module")
def labels(served: str) -> dict[str, dict[str, set[str]]]:
    """By sample's name: the values of each label."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, pairs in exposition.parse(served):
        of_name = found.setdefault(name, {})
        for label, value in pairs:
            of_name.setdefault(label, set()).add(value)
    return found


def test_every_metric_is_documented(emitted: set[str]):
    documented = set(NAME.findall((ROOT / "docs" / "metrics.md").read_text()))
    assert emitted - documented == set()
    assert documented - emitted - NOT_IN_EVERY_SCRAPE == set()


NAMING = [path for path in DOCUMENTS if NAME.search(path.read_text())]


@pytest.mark.parametrize("path", NAMING, ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(path: Path, emitted: set[str]):
    named = {name for name in NAME.findall(path.read_text()) if name not in NOT_METRICS}
    known = emitted | {sample for name in emitted for sample in (f"{name}_bucket", f"{name}_sum", f"{name}_count")}
    assert {name for name in named if not name.endswith("_")} - known - NOT_IN_EVERY_SCRAPE == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_recorded_series_that_is_named_exists(path: Path):
    assert set(re.findall(r"\b[a-z_]+:keyshift_\w+:\w+", path.read_text())) - set(RECORDED) == set()


RULES = [*rules(groups()), *rules(groups(FLEET))]
RECORDED = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
ASKED = {
    "rules": [rule["expr"] for rule in RULES],
    **{path.stem: expressions(load(path)) for path in FILES},
}


def wrong(selector: Selector, labels: dict[str, dict[str, set[str]]]) -> str:
    """What the running daemon does not know of it."""
    if selector.metric in RECORDED:
        return ""
    matchers = {label: text for label, text in selector.matchers.items() if label not in OF_TARGETS}
    if selector.metric in OF_PROMETHEUS:
        unknown = set(matchers) - OF_PROMETHEUS[selector.metric]
        return f"{selector.metric} has no {sorted(unknown)}" if unknown else ""
    if selector.metric in NOT_IN_EVERY_SCRAPE:
        return ""
    if selector.metric not in labels:
        return f"{selector.metric} is not exported"
    for label, (sign, text) in matchers.items():
        values = labels[selector.metric].get(label)
        if values is None:
            return f"{selector.metric} has no {label}"
        asked = {text} if sign in ("=", "!=") else set(text.split("|"))
        # Of a single key the phase is one of those that all keys together have.
        known = labels["keyshift_legacy_keys"][label] if (selector.metric, label) in BORROWED else values
        if label in CLOSED_LABELS and asked - known or label not in OPEN_LABELS and not asked & known:
            return f"{selector.metric} has no {label} {sorted(asked - known)}"
    return ""


@pytest.mark.parametrize("where", ASKED)
def test_every_metric_and_label_that_is_asked_for_is_exported(where: str, labels: dict[str, dict[str, set[str]]]):
    found = [what for asked in ASKED[where] for selector in selectors(asked) if (what := wrong(selector, labels))]
    assert found == []


@pytest.mark.parametrize("where", ASKED)
def test_every_label_that_is_grouped_by_is_exported(where: str, labels: dict[str, dict[str, set[str]]]):
    for asked in ASKED[where]:
        known = {"le", *OF_TARGETS, "estimate", "whose"}
        for selector in selectors(asked + " + " + " + ".join(RECORDED.get(s.metric, "0") for s in selectors(asked))):
            known |= set(labels.get(selector.metric, {})) | OF_PROMETHEUS.get(selector.metric, set())
        assert grouping_labels(asked) - known == set(), asked


def test_what_is_not_exported_is_found(labels: dict[str, dict[str, set[str]]]):
    for asked, what in (
        ("keyshift_keyz", "is not exported"),
        ('keyshift_keys{phase="legacy"}', "has no phase"),
        ('keyshift_legacy_keys{phase=~"stranded|lost"}', "['lost']"),
        ('keyshift_log_lines_total{event="fallback"}', "has no event"),
    ):
        assert what in wrong(selectors(asked)[0], labels)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path):
    text = path.read_text()
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
        if not target.startswith("http"):
            file = path.parent / target if target else path
            assert file.exists(), f"{path.name} links to {target}"
            assert not anchor or anchor in headings(file.read_text()), f"{path.name} links to {target}#{anchor}"


@functools.cache
def help_of(command: str) -> str:
    result = Keyshift().run(*command.split(), "--help")
    return result.stdout.decode() if result.returncode == 0 else ""


@functools.cache
def subcommands() -> list[str]:
    return re.findall(rf"^  ({COMMAND}) {{2,}}", help_of("").partition("Subcommands:")[2], re.MULTILINE)


# Of other programs, where a document speaks of them.
FLAGS_OF_OTHERS = {"--only"}


def flag_complaints(code: str, section: str) -> list[str]:
    """`code` is a command line, or only some flags: then of the command that the section is about, or of any."""
    # What another program is told is its own, up to the command within the container.
    code = re.sub(r"^(?:docker|podman|helm|kubectl) .*?(?:exec \S+ (?:-- )?(?=keyshift )|$)", "", code, flags=re.DOTALL)
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z.-]*", code)) - FLAGS_OF_OTHERS
    named = re.findall(rf"(?:^|[ /|(])keyshift ({COMMAND})\b", re.sub(r"-u keyshift", "", code))
    wrong = [f"{code}: there is no keyshift {word}" for word in named if word not in subcommands()]
    if not named and not code.startswith("--"):
        return wrong
    among = [word for word in named if word in subcommands()] or [section] * (section in subcommands()) or subcommands()
    texts = "".join(map(help_of, among))
    return wrong + [f"{code}: keyshift {among} has no {flag}" for flag in flags if not re.search(rf"{flag}\b", texts)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_and_flag_that_is_named_exists(path: Path):
    wrong = []
    for section in re.split(r"^## ", path.read_text(), flags=re.M):
        wrong += [what for code in documents.code_of(section) for what in flag_complaints(code, section.split("\n")[0])]
    for block in documents.blocks(path):
        if not block.kind:
            wrong += [what for command in documents.commands(block) for what in flag_complaints(command, "")]
    assert wrong == []


def test_every_command_is_documented():
    text = (ROOT / "docs" / "cli.md").read_text()
    assert [word for word in subcommands() if f"`keyshift {word}" not in text] == []
    assert len(subcommands()) > 10


def known_keys() -> set[str]:
    """Those of docs/configuration.md, which a unit test compares with the program's, and what they stand in."""
    paths = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "configuration.md").read_text(), re.M)
    return {".".join(path.split(".")[:count]) for path in paths for count in range(1, path.count(".") + 2)}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_configuration_key_that_is_named_exists(path: Path):
    known = known_keys()
    assert len(known) > 100
    words = {re.sub(r"\[.*", "", part) for key in known for part in key.split(".")}
    wrong = []
    for code in documents.code_of(path.read_text()):
        key, _, _ = code.partition(": ")
        if re.fullmatch(r"(gateway|migration|collectors\[\w*\]|state|web|log)(\.[a-z_]+(\[\])?)+", key):
            wrong += [] if key in known else [code]
        elif re.fullmatch(r"[a-z_]+: \S.*", code):
            wrong += [] if key in words else [code]
    assert wrong == []


@functools.cache
def exit_codes() -> set[int]:
    """Those of all commands, and the verdict's own."""
    values = re.findall(r"^    k\w+ = (\d+)", (ROOT / "src" / "base" / "exit_code.hpp").read_text(), re.M)
    return {int(value) for value in values} | {int(value) for value in re.findall(r"(\d) [A-Z_]+", help_of("verdict"))}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_exit_code_that_is_named_exists(path: Path):
    named = re.findall(r"\b(?:[Ee]xits?(?:ed)?(?: codes?)?(?: with)?|with code) (\d+)", path.read_text())
    assert {int(code) for code in named} - exit_codes() == set()


def test_every_exit_code_is_documented():
    text = (ROOT / "docs" / "cli.md").read_text()
    of_all = re.search(r"^## Exit codes\n(.*)", text, re.M | re.S)[1]
    of_verdict = re.search(r"^## verdict\n(.*?)^## ", text, re.M | re.S)[1]
    codes = {int(code) for code in re.findall(r"\b(\d+) [a-z]", of_all)}
    assert codes | {int(code) for code in re.findall(r"\b(\d) [A-Z_]{4,}", of_verdict)} == exit_codes()
    assert codes == exit_codes() - {1, 2, 3}


def test_a_flag_that_does_not_exist_is_found():
    for code, section, what in (
        ("keyshift report --fromat json", "", "has no --fromat"),
        ("keyshift stats", "", "there is no keyshift stats"),
        ("kubectl exec deployment/keyshift -- keyshift stats", "", "there is no keyshift stats"),
        ("sudo -u keyshift keyshift verdict --since 1h", "", "has no --since"),
        ("--since 1h", "report", "has no --since"),
        ("docker exec keyshift keyshift stats", "", "there is no keyshift stats"),
        ("--sinse 1h", "", "has no --sinse"),
    ):
        (found,) = flag_complaints(code, section)
        assert what in found
    assert flag_complaints("--since 1h", "failures") == []


def test_the_sample_configuration_passes_check():
    urls = {"DATABASE_URL": "postgresql://u@h/d", "REDIS_URL": "redis://h"}
    result = Keyshift().run("check", ROOT / "config" / "keyshift.yaml", env=urls)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize("grants", ["a view without hashes", "the table itself"])
def test_the_sql_for_a_database_user_is_enough(database: Database, grants: str):
    create_schema(database.dsn())
    Seed().plant(database.dsn())
    view, columns, *others = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(), re.DOTALL)
    (index,) = (block for block in others if "CREATE INDEX" in block)
    role = f"reader_{database.name}"
    create, *rest = (view.replace("change me", "of-the-reader")).split(";", 1)
    statements = rest[0] if grants == "a view without hashes" else columns
    database.execute(re.sub(r"\bkeyshift\b", role, create))
    database.execute(re.sub(r"TO keyshift\b", f"TO {role}", statements))
    database.execute(index.replace("CONCURRENTLY", ""))
    dsn = f"postgresql://{role}:of-the-reader@127.0.0.1:{database.postgres.port}/{database.name}"
    gateway = {"gateway": {"table": "keyshift_keys"}} if grants == "a view without hashes" else {}
    try:
        with Serve({**gateway, "collectors": [{"type": "keys"}]}, env={"DATABASE_URL": dsn}) as serve:
            shown = serve.metrics()
            legacy = database.execute("SELECT count(*) FROM virtual_keys WHERE key_lookup_hash IS NULL")[0][0]
            assert shown["keyshift_keys", frozenset({("state", "legacy")})] == legacy > 0
            by_cost = [name for name, _ in shown if name == "keyshift_legacy_keys_by_bcrypt_cost"]
            assert bool(by_cost) == (grants == "a view without hashes")
    finally:
        database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
