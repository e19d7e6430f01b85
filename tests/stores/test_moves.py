"""Moves that happen all or not at all, wherever a crash cuts them."""

import os

import pytest

from loanbook.errors import StateError
from loanbook.stores import durable, moves
from loanbook.stores.moves import Move, commit_moves, finish_moves


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def place(tmp_path):
    for name, content in (("new", "new"), ("place", "old")):
        for part in ("a", "b"):
            (tmp_path / name / part).mkdir(parents=True)
            (tmp_path / name / part / "file").write_text(content)
    (tmp_path / "place" / "b" / "file").unlink()
    (tmp_path / "place" / "b").rmdir()
    return tmp_path


def planned(place):
    return [
        Move(new=str(place / "new" / part), place=str(place / "place" / part), aside=str(place / "aside" / part))
        for part in ("a", "b")
    ]


def held(place):
    return {part: (place / "place" / part / "file").read_text() for part in ("a", "b") if (place / "place" / part).exists()}


def test_what_is_new_takes_its_place_and_what_stood_there_is_kept(place):
    commit_moves(place / "journal", planned(place))
    assert held(place) == {"a": "new", "b": "new"}
    assert (place / "aside" / "a" / "file").read_text() == "old"
    assert not (place / "aside" / "b").exists()
    assert not finish_moves(place / "journal")


@pytest.mark.parametrize("step", range(1, 8))
def test_a_crash_before_any_step_leaves_the_old_or_is_ended_by_the_next(place, monkeypatch, step):
    left = step

    def counted(call):
        def wrapped(*arguments, **named):
            nonlocal left
            left -= 1
            if left == 0:
                raise Crash
            return call(*arguments, **named)

        return wrapped

    with monkeypatch.context() as patch:
        replace = counted(os.replace)
        for module in (moves, durable):
            patch.setattr(module.os, "replace", replace)
        patch.setattr(moves.Path, "unlink", counted(moves.Path.unlink))
        patch.setattr(moves, "sync", counted(lambda _: None))
        try:
            commit_moves(place / "journal", planned(place))
            crashed = False
        except Crash:
            crashed = True
    if not (place / "journal").exists() and crashed and step == 1:
        assert held(place) == {"a": "old"}
        commit_moves(place / "journal", planned(place))
    finish_moves(place / "journal")
    assert held(place) == {"a": "new", "b": "new"}
    assert (place / "aside" / "a" / "file").read_text() == "old"
    assert crashed == (step < 8)


def test_a_taken_place_aside_is_refused_before_anything_moves(place):
    (place / "aside" / "a").mkdir(parents=True)
    with pytest.raises(StateError, match="is there already"):
        commit_moves(place / "journal", planned(place))
    assert held(place) == {"a": "old"}
