"""The words of the report: its own, and the definitions in `storage/stats`, around which is no
``_()``. Babel's extraction (`locales/report.cfg`) and the check of the catalog both ask here.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parent.parent
_AT = {
    "_": (0,),
    "gettext": (0,),
    "ngettext": (0, 1),
    "key": (1,),
    "people": (1,),
    "base": (1,),
    "Table": (1,),
    "Column": (2,),
    "number": (2,),
    "share": (2,),
}
"""At which place in a call the words stand."""


def extract(
    fileobj: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, str, Any, list[str]]]:
    """As Babel wants it: line, function, message (or singular and plural), comments."""
    for line, words in found_in(fileobj.read().decode("utf-8")):
        yield (line, "ngettext", words, []) if len(words) > 1 else (line, "_", words[0], [])


def found_in(code: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and words of each call that has some."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and (places := _AT.get(_called(node.func))):
            given = [node.args[n] for n in places if n < len(node.args)]
            words = tuple(a.value for a in given if isinstance(a, ast.Constant) and a.value)
            if all(words) and len(words) == len(places):
                yield node.lineno, tuple(map(str, words))


def wanted() -> set[tuple[str, ...]]:
    """All words of the report."""
    sources = sorted((ROOT / "storage").rglob("*.py"))
    code = (path.read_text(encoding="utf-8") for path in sources if "versions" not in path.parts)
    return {words for text in code for _, words in found_in(text)}


def _called(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
