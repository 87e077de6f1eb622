# SPDX-License-Identifier: Apache-2.0
"""Makes one archive of the images for several architectures: scripts/image_index.py ARCHIVE...

The archives are those of scripts/image.py, of one version. Beside the first is then keyshift-VERSION.oci.tar, a layout as
the OCI image specification 1.0 has it: `skopeo copy --all oci-archive:FILE docker://REGISTRY/...` puts it into a registry,
where each machine takes the image for its own architecture. The same archives give the same bytes.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path

# Docker's own types, which OCI's layouts may hold and all registries know: Podman reads health checks from no others.
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIGURATION = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
COMPRESSION = 9
NAME = "org.opencontainers.image.ref.name"


class Layout:
    """Blobs by their digests."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}

    def add(self, media_type: str, content: bytes) -> dict:
        """What refers to it."""
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def add_json(self, media_type: str, value: dict) -> dict:
        return self.add(media_type, json.dumps(value, sort_keys=True).encode())

    def write(self, archive: Path, time: int) -> None:
        with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
            for name, content in sorted(self.files.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime = len(content), time
                tar.addfile(entry, io.BytesIO(content))


def add_image(layout: Layout, archive: Path) -> tuple[dict, str, int]:
    """What refers to its manifest, its name, and when it was made."""
    with tarfile.open(archive) as tar:
        (image,) = json.load(tar.extractfile("manifest.json"))
        made = tar.getmember("manifest.json").mtime
        configuration = tar.extractfile(image["Config"]).read()
        layers = [tar.extractfile(name).read() for name in image["Layers"]]
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.add(CONFIGURATION, configuration),
        "layers": [layout.add(LAYER, gzip.compress(layer, COMPRESSION, mtime=0)) for layer in layers],
    }
    told = json.loads(configuration)
    platform = {"architecture": told["architecture"], "os": told["os"]}
    return {**layout.add_json(MANIFEST, manifest), "platform": platform}, image["RepoTags"][0], int(made)


def make(archives: list[Path]) -> Path:
    layout = Layout()
    images = [add_image(layout, archive) for archive in archives]
    names = {name for _, name, _ in images}
    if len(names) > 1:
        raise ValueError(f"these are not one version: {', '.join(sorted(names))}")
    name = names.pop()
    manifests = [manifest for manifest, _, _ in images]
    whole = layout.add_json(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})
    whole["annotations"] = {NAME: name.split(":")[1]}
    top = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [whole]}
    layout.files["index.json"] = json.dumps(top, sort_keys=True).encode()
    made = archives[0].parent / f"{name.replace('docker.io/library/', '').replace(':', '-')}.oci.tar"
    layout.write(made, max(time for _, _, time in images))
    return made


def main() -> int:
    if len(sys.argv) < 2:
        print("usage: scripts/image_index.py ARCHIVE...", file=sys.stderr)
        return 64
    try:
        made = make(list(map(Path, sys.argv[1:])))
    except ValueError as wrong:
        print(f"image_index: {wrong}", file=sys.stderr)
        return 1
    print(f"{made}: {made.stat().st_size / 1e6:.1f} MB, sha256 {hashlib.sha256(made.read_bytes()).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
