# SPDX-License-Identifier: Apache-2.0
"""The files of the container image: keyshift, the libraries that it loads, certificate authorities, UTC; nothing else.

They are taken from Debian's packages and written as one tar archive, the same bytes each time.
"""

import io
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from harness.tools.debian_root import RELEASES, sources
from harness.tools.process import program

# Numbers, not names: Kubernetes believes that a user is not root only if it can see that.
USER = 65532
STATE = "var/lib/keyshift"
PROGRAM = "usr/bin/keyshift"

# What keyshift loads when it is wanted. What these load likewise, they say themselves, in their notes.
_LOADED = ("libsystemd.so.0", "libpg_query.so.*")
# Journals are read without it: it makes their seals.
_NOT_LOADED = ("libgcrypt.so.20",)
_COPIED = (
    "etc/debian_version", "etc/ssl/openssl.cnf", "usr/lib/os-release", "usr/share/zoneinfo/Etc/UTC",
    "usr/share/common-licenses/*",
)  # fmt: skip
_AUTHORITIES = "usr/share/ca-certificates/mozilla/*.crt"
_LINKS = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "etc/localtime": "/usr/share/zoneinfo/UTC",
    "etc/os-release": "../usr/lib/os-release",
    "usr/share/zoneinfo/UTC": "Etc/UTC",
    # Where OpenSSL looks.
    "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
    "usr/lib/ssl/certs": "/etc/ssl/certs",
    "usr/lib/ssl/openssl.cnf": "/etc/ssl/openssl.cnf",
}
_WRITTEN = {
    "etc/passwd": f"root:x:0:0:root:/:/nonexistent\nkeyshift:x:{USER}:{USER}:keyshift:/{STATE}:/nonexistent\n",
    "etc/group": f"root:x:0:\nkeyshift:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


@dataclass(frozen=True)
class Package:
    """One of Debian's, of which something is in the image."""

    name: str
    version: str
    architecture: str
    source: str
    control: str
    files: frozenset[str] = field(repr=False)


class Image:
    """What the root of the image holds: paths without the leading slash."""

    def __init__(self, unpacked: Path, packages: Sequence[Package], keyshift: Package, configuration: Path):
        self._unpacked = unpacked
        self._all = [*packages, keyshift]
        self.files: dict[str, bytes] = {}
        self.links: dict[str, str] = dict(_LINKS)
        self._add_program()
        for pattern in _COPIED:
            self._copy(pattern)
        bundle = b"".join(path.read_bytes() for path in sorted(unpacked.glob(_AUTHORITIES)))
        self.files["etc/ssl/certs/ca-certificates.crt"] = bundle
        self.files["etc/keyshift/keyshift.yaml"] = configuration.read_bytes()
        self.files |= {name: text.encode() for name, text in _WRITTEN.items()}
        authorities = {str(path.relative_to(unpacked)) for path in unpacked.glob(_AUTHORITIES)}
        held = self.files.keys() | self.links.keys() | authorities
        self.packages = sorted((p for p in self._all if p.files & held), key=lambda package: package.name)
        for package in self.packages:
            self._add_licence(package)
            self.files[f"var/lib/dpkg/status.d/{package.name}"] = package.control.encode()

    def write(self, archive: Path, time: int) -> None:
        """All entries in order, of root, but for the state directory."""
        parents = {str(parent) for name in [*self.files, *self.links, f"{STATE}/x"] for parent in PurePosixPath(name).parents}
        with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
            for name in sorted({*self.files, *self.links, *parents} - {"."}):
                entry = tarfile.TarInfo(name)
                entry.mtime = time
                if name in self.links:
                    entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, self.links[name], 0o777
                elif name in self.files:
                    entry.size, entry.mode = len(self.files[name]), 0o755 if self._is_program(name) else 0o644
                else:
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                if name == STATE:
                    entry.uid = entry.gid = USER
                    entry.mode = 0o710
                tar.addfile(entry, io.BytesIO(self.files.get(name, b"")))

    @staticmethod
    def _is_program(name: str) -> bool:
        return name == PROGRAM or "/ld-linux" in name

    def _add_program(self) -> None:
        self._copy(PROGRAM)
        loader = _interpreter(self._unpacked / PROGRAM).lstrip("/")
        wanted = {*_LOADED, *_needed(self._unpacked / PROGRAM), PurePosixPath(loader).name}
        found: set[str] = set()
        while missing := wanted - found:
            for name in missing:
                wanted |= set(_needed(self._add_library(name)))
            found |= missing
        # /lib64 with amd64, /lib with arm64: both lead below /usr.
        there = self._library(PurePosixPath(loader).name).relative_to(self._unpacked)
        self.links[f"usr/{loader}"] = os.path.relpath(there, f"usr/{PurePosixPath(loader).parent}")
        self.links[loader.split("/")[0]] = f"usr/{loader.split('/')[0]}"

    def _add_library(self, name: str) -> Path:
        """The file itself, by a link where it has another name."""
        path = self._library(name)
        self.files[str(path.resolve().relative_to(self._unpacked))] = path.read_bytes()
        if path.is_symlink():
            self.links[str(path.relative_to(self._unpacked))] = path.resolve().name
        return path

    def _library(self, name: str) -> Path:
        directories = sorted((self._unpacked / "usr/lib").glob("*-linux-gnu*"))
        found = [path for directory in directories for path in sorted(directory.iterdir()) if fnmatchcase(path.name, name)]
        if not found:
            raise FileNotFoundError(f"no package has brought the library {name}")
        return found[0]

    def _copy(self, pattern: str) -> None:
        paths = [path for path in self._unpacked.glob(pattern) if path.is_file()]
        if not paths:
            raise FileNotFoundError(f"no package has brought /{pattern}")
        self.files |= {str(path.relative_to(self._unpacked)): path.read_bytes() for path in paths}

    def _add_licence(self, package: Package) -> None:
        """Several packages have the same text: it is there once."""
        name = f"usr/share/doc/{package.name}/copyright"
        text = (self._unpacked / name).read_bytes()
        same = next((other for other in self.files if other.startswith("usr/share/doc/") and self.files[other] == text), None)
        if same is None:
            self.files[name] = text
        else:
            self.links[name] = f"../{PurePosixPath(same).parent.name}/copyright"


def unpack(package: Path, directory: Path) -> tuple[list[Package], Package]:
    """keyshift's package and what it depends on, of the release that it is for, unpacked into `directory`, which must not
    exist: nothing is run, so that it may be of another architecture. What they are, and keyshift itself."""
    keyshift = _described(package)
    release = RELEASES[keyshift.version.partition("~")[2]]
    command = [
        program("mmdebstrap"), "--quiet", "--mode=root", "--variant=extract", "--skip=cleanup/apt/cache",
        f"--architectures={keyshift.architecture}", f"--include={','.join(_depended_on(keyshift))}",
        release, directory, *sources(release),
    ]  # fmt: skip
    subprocess.run(list(map(str, command)), check=True)
    packages = [_described(file) for file in sorted((directory / "var/cache/apt/archives").glob("*.deb"))]
    listed = subprocess.Popen([program("dpkg-deb"), "--fsys-tarfile", package], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", directory, "--keep-directory-symlink"], stdin=listed.stdout, check=True)
    if listed.wait() != 0:
        raise RuntimeError(f"dpkg-deb cannot read {package}")
    return packages, keyshift


def _depended_on(keyshift: Package) -> Iterator[str]:
    """Recommended is what it loads when it is wanted. No service manager: its unit and its user are not used."""
    for name in ("Depends", "Recommends"):
        for wanted in _field(keyshift.control, name).split(","):
            package = re.split(r"[ (|]", wanted.strip())[0]
            if not package.startswith("systemd"):
                yield package
    # Journals of other systems are compressed by these.
    yield from ("base-files", "tzdata", "liblz4-1", "liblzma5")


def _described(file: Path) -> Package:
    control = _told("dpkg-deb", "--field", file)
    listed = _told("dpkg-deb", "--fsys-tarfile", file, text=False)
    with tarfile.open(fileobj=io.BytesIO(listed)) as tar:
        names = frozenset(member.name.removeprefix("./").rstrip("/") for member in tar if not member.isdir())
    name, version = _field(control, "Package"), _field(control, "Version")
    source = _field(control, "Source") or name
    return Package(name, version, _field(control, "Architecture"), source.split(" ")[0], control, names)


def _field(control: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)$", control, re.MULTILINE)
    return found[1] if found else ""


def _interpreter(file: Path) -> str:
    return re.search(r"program interpreter: (.*)\]", _told("readelf", "--program-headers", file))[1]


def _needed(file: Path) -> list[str]:
    """What the loader loads with it, and what it says that it loads itself."""
    linked = re.findall(r"\(NEEDED\).*\[(.*)\]", _told("readelf", "--dynamic", file))
    noted = re.findall(rb'"soname":\["([^"]+)"\]', file.read_bytes())
    return [name for name in [*linked, *(name.decode() for name in noted)] if name not in _NOT_LOADED]


def _told(name: str, *arguments: str | Path, text: bool = True) -> str | bytes:
    command = [program(name), *map(str, arguments)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=text, check=True).stdout
