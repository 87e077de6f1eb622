# SPDX-License-Identifier: Apache-2.0
"""The list of what the container image is made of, as SPDX 2.3 in JSON."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from image_root import Package

_NOT_STATED = "NOASSERTION"
# What packaging/copyright says of the program.
_KEYSHIFT = "Apache-2.0 AND BSD-3-Clause"


def bill_of_materials(version: str, packages: Sequence[Package], time: int) -> bytes:
    """The same for the same packages. Licences of Debian's packages are in the image, in words: they are not SPDX's."""
    image = f"keyshift-image-{version}-{packages[0].architecture}"
    identities = {package: _identity(package.name) for package in packages}
    versions = [(package.name, package.version) for package in packages]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": image,
        "documentNamespace": f"urn:uuid:{uuid5(NAMESPACE_OID, f'{image} {time} {versions}')}",
        "creationInfo": {
            "created": utc(time),
            "creators": ["Tool: keyshift scripts/image.py"],
        },
        "packages": [_image(image, version), *(_described(package, identity) for package, identity in identities.items())],
        "relationships": [
            _relationship("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image"),
            *(_relationship("SPDXRef-Image", "CONTAINS", identity) for identity in identities.values()),
        ],
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def utc(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _identity(name: str) -> str:
    return "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", lambda other: f"-{ord(other[0]):x}", name)


def _relationship(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def _image(name: str, version: str) -> dict[str, object]:
    return {
        "SPDXID": "SPDXRef-Image",
        "name": name,
        "versionInfo": version,
        "primaryPackagePurpose": "CONTAINER",
        **_unstated(),
    }


def _described(package: Package, identity: str) -> dict[str, object]:
    upstream = f"&upstream={quote(package.source)}" if package.source != package.name else ""
    purl = (
        f"pkg:deb/debian/{quote(package.name)}@{quote(package.version, safe='')}"
        f"?arch={package.architecture}&distro=debian-13{upstream}"
    )
    stated = {"licenseDeclared": _KEYSHIFT} if package.name == "keyshift" else {}
    return {
        "SPDXID": identity,
        "name": package.name,
        "versionInfo": package.version,
        **_unstated(),
        **stated,
        "licenseComments": f"in the image: /usr/share/doc/{package.name}/copyright",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ],
    }  # fmt: skip


def _unstated() -> dict[str, object]:
    return {
        "downloadLocation": _NOT_STATED,
        "filesAnalyzed": False,
        "licenseConcluded": _NOT_STATED,
        "licenseDeclared": _NOT_STATED,
        "copyrightText": _NOT_STATED,
    }
