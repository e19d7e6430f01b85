"""Commands start without what only reports need."""

import subprocess
import sys


def test_the_command_line_starts_without_the_drawing_library():
    code = "import sys, loanbook.cli; print([name for name in ('altair', 'vl_convert', 'jinja2') if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
