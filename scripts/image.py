# SPDX-License-Identifier: Apache-2.0
"""Makes the container image of keyshift's package for Debian 13: scripts/image.py PACKAGE [DIRECTORY]

The image is for the package's architecture, which need not be this machine's: nothing of it is run. In DIRECTORY, or
else in build/image, are then the archive, as `docker load` and `podman load` take it, and its SBOM. The same package and
the same packages of Debian give the same bytes. Needs root, mmdebstrap and buildah.
"""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from email.utils import parsedate_to_datetime
from pathlib import Path

from harness.tools.process import program
from image_root import STATE, USER, Image, unpack
from image_sbom import bill_of_materials, utc

ROOT = Path(__file__).parents[1]
DIRECTORY = ROOT / "build" / "image"
SBOM = "usr/share/sbom/keyshift.spdx.json"
PORT = 11947
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    # Secrets by files: database_url, redis_url and their like, where Docker, Podman and compose put them.
    "CREDENTIALS_DIRECTORY": "/run/secrets",
    # Nothing else can be written to.
    "TMPDIR": f"/{STATE}",
}
# The command itself ends within a second; to start it in a container takes its time on a busy machine.
HEALTH = {"start-period": "30s", "interval": "30s", "timeout": "5s", "retries": "3"}


def time_of(unpacked: Path) -> int:
    """$SOURCE_DATE_EPOCH, or else when the package was made according to its changelog."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    changelog = gzip.decompress((unpacked / "usr/share/doc/keyshift/changelog.gz").read_bytes()).decode()
    date = re.search(r"^ -- .*>  (.*)$", changelog, re.MULTILINE)[1]
    return int(parsedate_to_datetime(date).timestamp())


class Buildah:
    """With a store of its own."""

    def __init__(self, store: Path):
        self._command = [program("buildah"), "--root", store / "root", "--runroot", store / "run", "--storage-driver", "vfs"]

    def __call__(self, *arguments: str | Path) -> str:
        command = list(map(str, [*self._command, *arguments]))
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"buildah {arguments[0]} exited with {done.returncode}: {done.stderr}")
        return done.stdout.strip()


def labels(version: str, created: str) -> dict[str, str]:
    told = {
        "title": "keyshift",
        "description": "Watches the migration of API keys from bcrypt fallback to hashed lookup",
        "version": version,
        "created": created,
        "licenses": "Apache-2.0",
        "vendor": "keyshift maintainers",
    }
    return {f"org.opencontainers.image.{name}": value for name, value in told.items()}


def commit(work: Path, archive: Path, architecture: str, version: str, time: int) -> None:
    """An archive of the image that holds what `root.tar` there holds. In Docker's format, since that of OCI has no
    health check."""
    buildah = Buildah(work / "store")
    container = buildah("from", "--arch", architecture, "scratch")
    buildah("add", "--quiet", container, work / "root.tar", "/")
    settings = {
        "--os": "linux", "--arch": architecture, "--user": f"{USER}:{USER}", "--workingdir": f"/{STATE}",
        "--volume": f"/{STATE}", "--port": f"{PORT}/tcp", "--stop-signal": "SIGTERM",
        "--entrypoint": '["/usr/bin/keyshift"]', "--cmd": "serve",
        "--healthcheck": "CMD /usr/bin/keyshift healthcheck",
    }  # fmt: skip
    settings |= {f"--healthcheck-{name}": value for name, value in HEALTH.items()}
    given = [word for setting in settings.items() for word in setting]
    given += [f"--env={name}={value}" for name, value in ENVIRONMENT.items()]
    given += [f"--label={name}={value}" for name, value in labels(version, utc(time)).items()]
    buildah("config", *given, container)
    made = work / "image.tar"
    target = f"docker-archive:{made}:keyshift:{version}"
    buildah("commit", "--quiet", "--identity-label=false", "--format=docker", f"--timestamp={time}", container, target)
    write_without_chance(made, archive, time)


def write_without_chance(made: Path, archive: Path, time: int) -> None:
    """The same image without the number of the container that it was made in, which is another one each time and part
    of the image's id; and without what only Docker before 1.10 reads."""
    with tarfile.open(made) as tar:
        (manifest,) = json.load(tar.extractfile("manifest.json"))
        configuration = json.load(tar.extractfile(manifest["Config"]))
        (layer,) = manifest["Layers"]
        for chance in ("container", "container_config"):
            configuration.pop(chance, None)
        settled = json.dumps(configuration, sort_keys=True).encode()
        manifest["Config"] = f"{hashlib.sha256(settled).hexdigest()}.json"
        with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as out:
            for name, content in ((manifest["Config"], settled), ("manifest.json", json.dumps([manifest]).encode())):
                out.addfile(entry(name, len(content), time), io.BytesIO(content))
            out.addfile(entry(layer, tar.getmember(layer).size, time), tar.extractfile(layer))


def entry(name: str, size: int, time: int) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.mtime = size, time
    return made


def make(package: Path, directory: Path) -> None:
    work = directory / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    packages, keyshift = unpack(package, work / "root")
    time = time_of(work / "root")
    image = Image(work / "root", packages, keyshift, ROOT / "packaging" / "image" / "keyshift.yaml")
    version = keyshift.version.split("~")[0]
    bill = bill_of_materials(version, image.packages, time)
    image.files[SBOM] = bill
    image.write(work / "root.tar", time)
    name = f"keyshift-{version}-{keyshift.architecture}"
    (directory / f"{name}.spdx.json").write_bytes(bill)
    archive = directory / f"{name}.tar"
    archive.unlink(missing_ok=True)
    commit(work, archive, keyshift.architecture, version, time)
    shutil.rmtree(work)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    print(f"{archive}: {archive.stat().st_size / 1e6:.1f} MB, sha256 {digest}")


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print("usage: scripts/image.py PACKAGE [DIRECTORY]", file=sys.stderr)
        return 64
    package, directory = [*sys.argv[1:], DIRECTORY][:2]
    make(Path(package).absolute(), Path(directory).absolute())
    return 0


if __name__ == "__main__":
    sys.exit(main())
