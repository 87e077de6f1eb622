# SPDX-License-Identifier: Apache-2.0
"""Throw-away TLS certificates for 127.0.0.1 and localhost."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.process import program, run_as


@dataclass(frozen=True)
class Certificate:
    """PEM files. The certificate is self-signed, so it is also the one to give to clients as their trusted root."""

    certificate: Path
    key: Path


def self_signed(directory: Path, owner: str | None = None) -> Certificate:
    """Make `server.crt` and `server.key` in `directory`, the key readable only by `owner` (default: this user)."""
    made = Certificate(directory / "server.crt", directory / "server.key")
    run_as(
        None,
        [
            program("openssl"), "req", "-x509", "-nodes", "-days", "2",
            "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-out", made.certificate, "-keyout", made.key,
        ],
    )
    made.certificate.chmod(0o644)
    made.key.chmod(0o600)
    if owner:
        shutil.chown(made.key, owner)
    return made
