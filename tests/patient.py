"""The program without its deadline: it proves that the tests of the stop would notice."""

import sys
from unittest.mock import patch

from bot import __main__ as program

if __name__ == "__main__":
    with patch.object(program, "end_in_time", lambda: None):
        code = program.main()
    sys.exit(code)
