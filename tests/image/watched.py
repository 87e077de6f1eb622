# SPDX-License-Identifier: Apache-2.0
"""What the tests of the image let it watch, and how they ask it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from harness.product.watching import watching
from harness.servers.postgres import Database
from harness.tools import exposition, http
from harness.tools.container import Container, Podman
from harness.tools.ports import free_port

CONFIGURATION = "/etc/keyshift/keyshift.yaml"
USER = 65532
STATE = "/var/lib/keyshift"
POSTGRES_AUTHORITY = "/run/postgres.crt"
LEGACY = 19.0


def database_url(gateway: Database) -> str:
    """Of a role that may read; its server is checked."""
    return gateway.postgres.dsn(gateway_role(gateway), gateway.name, sslmode="verify-full", sslrootcert=POSTGRES_AUTHORITY)


def gateway_role(gateway: Database) -> str:
    """Made once."""
    name = f"{gateway.name}_monitor"
    if not gateway.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)):
        gateway.create_role(name, f"s3cret of {name}", ("pg_read_all_stats", "pg_read_all_data"))
    return name


class Watch:
    """keyshift in a container, with a volume, a configuration and a port of its own."""

    def __init__(
        self, podman: Podman, image: str, tmp_path: Path, gateway: Database, *,
        collectors: list[dict[str, Any]] | None = None, mounts: Mapping[str, str | Path] | None = None,
        options: tuple[str, ...] = (), env: Mapping[str, str] | None = None,
    ):  # fmt: skip
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        tree = watching(database_url(gateway))
        tree["collectors"] += collectors or []
        tree |= {"web": {"listen": f"127.0.0.1:{self.port}"}, "state": {"directory": STATE}}
        configuration = file(tmp_path, f"keyshift-{self.port}.yaml", yaml.safe_dump(tree))
        needed = {
            CONFIGURATION: f"{configuration}",
            POSTGRES_AUTHORITY: f"{readable(tmp_path, gateway.postgres.certificate.certificate)}",
        }
        self.container = Container(podman, image, mounts={**needed, **(mounts or {})}, options=options, env=env)

    def __enter__(self) -> "Watch":
        self.container.start()
        return self

    def __exit__(self, *exception) -> None:
        self.container.__exit__(*exception)

    def wait(self, path: str = "/-/ready") -> None:
        self.container.process.wait_until(lambda: http.answers(f"{self.url}{path}"), 60, f"{path} answers")

    def metrics(self) -> exposition.Samples:
        return exposition.parse(http.get(f"{self.url}/metrics", headers={"Accept": "text/plain"}).text)

    def metric(self, name: str, **labels: str) -> float | None:
        return self.metrics().get((name, frozenset(labels.items())))

    def legacy(self) -> float | None:
        return self.metric("keyshift_keys", state="legacy")


def file(directory: Path, name: str, text: str) -> Path:
    """One that the image's user may read."""
    path = directory / name
    path.write_text(text)
    path.chmod(0o644)
    return path


def readable(directory: Path, certificate: Path) -> Path:
    return file(directory, f"{certificate.parent.name}.crt", certificate.read_text())
