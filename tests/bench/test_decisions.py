"""The measurement of decisions runs and says what it counted."""

import sys

from tests.bench import decisions


def test_it_prints_wall_and_processor_time(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["decisions", "--times", "50"])
    decisions.main()
    first, wall, processor = capsys.readouterr().out.splitlines()
    assert first.startswith("50 decisions, ")
    assert wall.split()[0] == "wall:"
    assert processor.split()[0] == "processor:"
