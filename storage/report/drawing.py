"""pygal, imported where it is needed, and without what it changes for every other import."""

import sys
from functools import cache
from typing import Any


@cache
def pygal() -> Any:
    """The library.

    It puts a finder of the old kind, for maps that nobody has, into `sys.meta_path`: Python 3.11
    warns of it at each later import, Python 3.12 skips it. It is taken out again.
    """
    import pygal as library

    fixer = library.PluginImportFixer
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, fixer)]
    return library
