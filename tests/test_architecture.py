"""The shape of the code: which way imports point, what flows may touch, how long things are."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from storage.locks import Lock
from tests.conftest import ROOT

LAYERS = ("flows", "storage", "bot", "admin_cli")  # each may import itself and those before it
PRODUCT = [
    *sorted(
        path
        for name in ("bot", "flows", "storage")
        for path in (ROOT / name).rglob("*.py")
        if "versions" not in path.parts
    ),
    ROOT / "admin_cli.py",
]
FLOWS = [path for path in PRODUCT if path.is_relative_to(ROOT / "flows")]

PURE = {"babel", "numpy", "rapidfuzz", "flows"}
FORBIDDEN_IN_FLOWS = {
    "apscheduler",
    "asyncio",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "sqlmodel",
    "subprocess",
    "telegram",
    "threading",
    "time",
    "twilio",
}
# Call → what it is called on.
CLOCK = {
    "now": ("datetime",),
    "utcnow": ("datetime",),
    "today": ("datetime", "date"),
    "time": ("time",),
    "time_ns": ("time",),
    "gmtime": ("time",),
    "localtime": ("time",),
}
GETTEXT = {"_", "gettext", "ngettext", "pgettext"}
MOST_LINES = 300


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(module: ast.AST) -> Iterator[str]:
    """The modules that are imported, wherever in the file, but for type checking only."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""


def clock_readings(module: ast.AST) -> list[str]:
    """Calls such as ``datetime.now()``, ``date.today()``, ``time.time()``."""
    found = []
    for node in ast.walk(module):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        owner = ast.unparse(node.func.value)
        if owner.split(".")[-1] in CLOCK.get(node.func.attr, ()):
            found.append(f"{owner}.{node.func.attr}")
    return found


def not_literal(module: ast.AST) -> list[str]:
    """Calls of gettext whose words are not plain literals: Babel would lose them."""
    found = []
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        called = node.func.id if isinstance(node.func, ast.Name) else called
        words = {"ngettext": 2, "pgettext": 2}.get(called, 1)
        if called in GETTEXT and not all(
            isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            for argument in node.args[:words]
        ):
            found.append(ast.unparse(node))
    return found


def without_docstring(module: ast.Module) -> list[str]:
    """Public classes, functions and methods that do not say what they promise."""
    found = [] if ast.get_docstring(module) else ["the module"]
    public = [
        node for node in ast.walk(module)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
    ]  # fmt: skip
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    inner = {
        id(child)
        for node in ast.walk(module)
        if isinstance(node, functions)
        for child in ast.walk(node)
        if child is not node
    }
    private = {
        id(child)
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef) and node.name.startswith("_")
        for child in ast.walk(node)
    }
    for node in public:
        if id(node) in inner or id(node) in private or _stub(node) or ast.get_docstring(node):
            continue
        found.append(node.name)
    return found


def _stub(node: ast.AST) -> bool:
    """A method of a Protocol: ``...`` and nothing else."""
    body = getattr(node, "body", [])
    return (
        len(body) == 1
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and body[0].value.value is ...
    )


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    layer = name_of(path).split("/")[0].removesuffix(".py")
    above = LAYERS[LAYERS.index(layer) + 1 :]
    assert [name for name in imports(tree(path)) if name.split(".")[0] in above] == []
    assert [name for name in imports(tree(path)) if name.split(".")[0] in ("tests", "bench")] == []


@pytest.mark.parametrize("path", FLOWS, ids=name_of)
def test_flows_import_nothing_that_acts(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports(tree(path))}
    assert roots & FORBIDDEN_IN_FLOWS == set()
    assert roots - PURE - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize("path", FLOWS, ids=name_of)
def test_flows_wait_for_nothing_and_open_nothing(path: Path) -> None:
    waiting = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
    assert not any(isinstance(node, waiting) for node in ast.walk(tree(path)))
    opened = [
        node for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        and node.func.id in ("open", "print", "input", "eval", "exec", "__import__")
    ]  # fmt: skip
    assert opened == []


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_one_place_reads_the_clock(path: Path) -> None:
    expected = ["datetime.now"] if name_of(path) == "bot/clock.py" else []
    assert clock_readings(tree(path)) == expected


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_one_place_writes_to_people(path: Path) -> None:
    """`Channel.send` is called by the sender."""
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "send"
        and "channel" in ast.unparse(node.func.value).lower()
    ]
    assert len(calls) == (name_of(path) == "bot/sender.py")


TOO_LONG = {"bot/worker.py"}


@pytest.mark.parametrize(
    "path",
    [pytest.param(path) if name_of(path) in TOO_LONG else path for path in PRODUCT],
    ids=name_of,
)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_what_is_public_says_what_it_promises(path: Path) -> None:
    assert without_docstring(tree(path)) == []


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_only_literals_are_translated(path: Path) -> None:
    assert not_literal(tree(path)) == []


def test_nothing_is_called_by_a_name_that_says_nothing() -> None:
    empty = {"utils", "helpers", "common", "base", "manager", "misc"}
    assert [name_of(path) for path in PRODUCT if path.stem in empty] == []


def test_the_checks_themselves_would_see() -> None:
    bad = ast.parse(
        "import os.path\n"
        "from bot.clock import now\n"
        "def public(): return datetime.datetime.now(), date.today(), time.time()\n"
        "def _private(): return _(f'a {b}'), ngettext('a', b, 1), _('a'.format()), _('a' + 'b')\n"
        "class Public:\n"
        "    def method(self): return talk.gettext(', '.join(x))\n"
        "class _Private:\n"
        "    def method(self): ...\n"
    )
    assert list(imports(bad)) == ["os.path", "bot.clock"]
    assert clock_readings(bad) == ["datetime.datetime.now", "date.today", "time.time"]
    assert len(not_literal(bad)) == 5
    assert without_docstring(bad) == ["the module", "public", "Public", "method"]
    good = ast.parse(
        "def _f(): return _('a'), ngettext('a', 'b', n), pgettext('c', 'd'), clock.now()"
    )
    assert not_literal(good) == clock_readings(good) == []


def test_the_numbers_of_locks_are_in_one_place() -> None:
    """Two things with one number wait for each other: bookings waited for the poller, for ever."""
    found = {p.name for p in PRODUCT if any(f"{lock:d}" in p.read_text() for lock in Lock)}
    assert found == {"locks.py"}
    assert not [p.name for p in PRODUCT if "736042" in p.read_text() and p.name != "locks.py"]
