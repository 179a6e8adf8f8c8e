"""Runs pip-audit on a lock file, and takes "nobody was asked" for no all-clear.

Exit 0: every package was looked up, nothing is known. 1: one has a known vulnerability. 3: not all
could be looked up. pip-audit itself ends with 0 when it found none of the packages, as behind a
mirror that knows no vulnerabilities.
"""

import json
import subprocess
import sys
from typing import Any

KNOWN, NOT_AUDITED = 1, 3
_OPTIONS = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json")


def verdict(answer: str) -> tuple[int, list[str]]:
    """The exit code, and what to say, of what pip-audit printed (nothing when it broke)."""
    try:
        found: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return NOT_AUDITED, ["NOT AUDITED: the vulnerability service cannot be reached from here."]
    lines = [
        f"{one['name']} {one['version']}: {vulnerability['id']}, mended in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for one in found
        for vulnerability in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in found if "skip_reason" in one]
    if skipped:
        lines.append(
            f"NOT AUDITED: {len(skipped)} of {len(found)} packages are not known to the service "
            "that can be reached from here: nothing is known of them, neither good nor bad."
        )
    if any(one.get("vulns") for one in found):
        return KNOWN, lines
    return (NOT_AUDITED, lines) if skipped else (0, [f"{len(found)} packages, nothing known."])


def main() -> int:
    """The exit code."""
    tool, lock = sys.argv[1:3]
    command = [tool, "--requirement", lock, *_OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    code, lines = verdict(done.stdout)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
