# SPDX-License-Identifier: Apache-2.0
"""Throw-away TLS certificates for 127.0.0.1 and localhost."""

import itertools
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.tools.faketime import library
from harness.tools.process import program, run_as
from harness.tools.scratch import scratch_directory

LOOPBACK = ("DNS:localhost", "IP:127.0.0.1")

_NEW_KEY = ("-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


@dataclass(frozen=True)
class Certificate:
    """PEM files. A self-signed certificate is also the one to give to clients as their trusted root."""

    certificate: Path
    key: Path


def self_signed(directory: Path, owner: str | None = None) -> Certificate:
    """Make `server.crt` and `server.key` in `directory`, the key readable only by `owner` (default: this user)."""
    made = Certificate(directory / "server.crt", directory / "server.key")
    names = f"subjectAltName={','.join(LOOPBACK)}"
    _openssl(
        "req", "-x509", "-days", 2, *_NEW_KEY, "-subj", "/CN=localhost", "-addext", names,
        "-out", made.certificate, "-keyout", made.key,
    )  # fmt: skip
    _restrict(made, owner)
    return made


class Authority:
    """One that signs certificates of servers and of clients; `certificate` is what its believers trust."""

    def __init__(self, name: str = "Test authority"):
        self._directory = scratch_directory("authority")
        self._numbers = itertools.count(1)
        self._own = Certificate(self._directory / "authority.crt", self._directory / "authority.key")
        _openssl(
            "req", "-x509", "-days", 2, *_NEW_KEY, "-subj", f"/CN={name}",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-out", self._own.certificate, "-keyout", self._own.key,
        )  # fmt: skip
        _restrict(self._own)

    @property
    def certificate(self) -> Path:
        return self._own.certificate

    def server(self, names: Sequence[str] = LOOPBACK, owner: str | None = None) -> Certificate:
        """For a server with these names, in OpenSSL's notation."""
        return self._sign("server", "serverAuth", names, owner=owner)

    def peer(self) -> Certificate:
        """For a server that is also a client of its like, as the nodes of a cluster are."""
        return self._sign("peer", "serverAuth,clientAuth", LOOPBACK)

    def expired_server(self) -> Certificate:
        """It ended yesterday."""
        return self._sign("server", "serverAuth", LOOPBACK, days_ago=3)

    def wrong_server(self) -> Certificate:
        """For a server that is somewhere else."""
        return self.server(("DNS:elsewhere.example",))

    def client(self, name: str, names: Sequence[str] = ()) -> Certificate:
        """For a client; `name` is its common name, `names` are further ones, in OpenSSL's notation."""
        return self._sign(name, "clientAuth", names)

    def expired_client(self, name: str) -> Certificate:
        """It ended yesterday."""
        return self._sign(name, "clientAuth", (), days_ago=3)

    def _sign(
        self, name: str, use: str, names: Sequence[str], *, days_ago: int = 0, owner: str | None = None
    ) -> Certificate:
        stem = self._directory / f"certificate-{next(self._numbers)}"
        signed = Certificate(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        request, extensions = stem.with_suffix(".csr"), stem.with_suffix(".ext")
        lines = ["basicConstraints=CA:FALSE", f"extendedKeyUsage={use}", "authorityKeyIdentifier=keyid"]
        lines += [f"subjectAltName={','.join(names)}"] if names else []
        extensions.write_text("\n".join([*lines, ""]))
        _openssl("req", "-new", *_NEW_KEY, "-subj", f"/CN={name}", "-out", request, "-keyout", signed.key)
        _openssl(
            "x509", "-req", "-in", request, "-CA", self._own.certificate, "-CAkey", self._own.key, "-CAcreateserial",
            "-days", 2, "-extfile", extensions, "-out", signed.certificate, days_ago=days_ago,
        )  # fmt: skip
        _restrict(signed, owner)
        return signed


def _openssl(*arguments: str | int | Path, days_ago: int = 0) -> None:
    """As if it was earlier: OpenSSL 3.5 makes no certificate that ends before it begins."""
    earlier = [
        program("env"), f"LD_PRELOAD={library()}", f"FAKETIME=-{days_ago}d", "FAKETIME_DISABLE_SHM=1",
    ]  # fmt: skip
    run_as(None, [*(earlier if days_ago else []), program("openssl"), *map(str, arguments)])


def _restrict(made: Certificate, owner: str | None = None) -> None:
    made.certificate.chmod(0o644)
    made.key.chmod(0o600)
    if owner:
        shutil.chown(made.key, owner)
