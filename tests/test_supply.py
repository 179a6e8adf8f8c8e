"""Where the program's packages come from: locked by hash, listed, looked up."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT


def tool(name: str) -> ModuleType:
    """A program of `.ci/`."""
    spec = importlib.util.spec_from_file_location(f"ci_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-audit.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_is_in_the_bill_with_all_its_hashes(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    bill = tool("sbom").document(lock, {"name": "sportello", "version": "1"})
    listed = {(one["name"], one["version"]) for one in bill["components"]}
    assert listed == set(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE))
    hashes = [
        one["content"]
        for component in bill["components"]
        for reference in component["externalReferences"]
        for one in reference["hashes"]
    ]
    assert sorted(hashes) == sorted(re.findall(r"sha256:([0-9a-f]{64})", lock))
    assert all(component["externalReferences"] for component in bill["components"])
    assert json.loads(json.dumps(bill))["bomFormat"] == "CycloneDX"


def test_a_line_that_is_no_package_is_no_silence() -> None:
    with pytest.raises(ValueError, match="no package"):
        tool("sbom").packages("git+https://example.org/x.git\n")


def _answer(**more: Any) -> str:
    return json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []}, more]})


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        (_answer(name="b", version="2", vulns=[]), 0, "2 packages, nothing known"),
        (
            _answer(name="b", version="2", vulns=[{"id": "CVE-1", "fix_versions": ["3"]}]),
            1,
            "b 2: CVE-1, mended in 3",
        ),
        (_answer(name="b", skip_reason="not found"), 3, "1 of 2 packages are not known"),
        ("", 3, "cannot be reached"),
    ],
)
def test_nobody_was_asked_is_no_all_clear(answer: str, code: int, says: str) -> None:
    found, lines = tool("audit").verdict(answer)
    assert found == code
    assert says in "\n".join(lines)


def test_the_auditor_is_in_no_lock_of_ours() -> None:
    for name in LOCKS[:2]:
        assert "pip-audit" not in (ROOT / name).read_text(encoding="utf-8")


def test_the_workflow_runs_what_everybody_runs_and_may_little() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    found = yaml.safe_load(text)
    assert found["permissions"] == {"contents": "read"}
    writes = [name for name, job in found["jobs"].items() if job.get("permissions")]
    assert writes == ["release"]
    steps = [step for job in found["jobs"].values() for step in job["steps"]]
    assert any(".ci/run" in step.get("run", "") for step in steps)
    assert all(
        re.search(r"@(v\d+|[0-9a-f]{40})$", step["uses"]) for step in steps if "uses" in step
    )
    assert "pull_request_target" not in text
    assert not [step for step in steps if "github.event" in step.get("run", "")]


def test_what_is_asked_for_is_locked() -> None:
    wanted = re.search(r'audit = \["(pip-audit)', Path(ROOT / "pyproject.toml").read_text())
    assert wanted and f"{wanted[1]}==" in (ROOT / LOCKS[2]).read_text(encoding="utf-8")
