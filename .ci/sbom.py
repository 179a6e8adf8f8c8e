"""A CycloneDX 1.6 bill of materials of a lock file, on standard output; needs no network.

https://cyclonedx.org/docs/1.6/json/ : a component for each package, with its version, package URL
and the hashes of every file that may be installed. The same lock gives the same document.
"""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_PACKAGE = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)"
    r"(?:\s*;\s*(?P<marker>[^\\\n]+?))?\s*\\?$"
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def packages(lock: str) -> list[dict[str, Any]]:
    """Name, version, marker and hashes of each package. Raises ValueError for a line of no kind."""
    found: list[dict[str, Any]] = []
    for line in lock.splitlines():
        if match := _PACKAGE.match(line):
            found.append({**match.groupdict(), "hashes": []})
        elif (hashed := _HASH.search(line)) and found:
            found[-1]["hashes"].append(hashed[1])
        elif line.strip() and not line.lstrip().startswith("#"):
            raise ValueError(f"no package and no hash: {line[:80]!r}")
    return found


def document(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """The whole bill of materials."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": project["name"],
                "name": project["name"],
                "version": project["version"],
            }
        },
        "components": [_component(package) for package in packages(lock)],
    }


def _component(package: dict[str, Any]) -> dict[str, Any]:
    url = f"pkg:pypi/{re.sub(r'[-_.]+', '-', package['name']).lower()}@{package['version']}"
    marker = [{"name": "python:marker", "value": package["marker"]}] if package["marker"] else []
    files = [{"alg": "SHA-256", "content": content} for content in package["hashes"]]
    return {
        "type": "library",
        "bom-ref": url,
        "name": package["name"],
        "version": package["version"],
        "purl": url,
        "externalReferences": [
            {"type": "distribution", "url": url, "hashes": [one]} for one in files
        ],
        **({"properties": marker} if marker else {}),
    }


def main() -> None:
    """Print it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = Path(sys.argv[1]).read_text(encoding="utf-8")
    print(json.dumps(document(lock, project), indent=1))


if __name__ == "__main__":
    main()
