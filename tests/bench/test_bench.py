"""The bench at a size that a test can afford: twins agree with kernels, SQL with the close, in every cell."""

import numpy as np

from loanbook.measures.measuring import measure_batches
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.simulator.bulk import parts
from loanbook.simulator.offer import offer
from loanbook.simulator.scenario import Scenario
from loanbook.terms.families import FAMILIES
from tests.bench import pages
from tests.bench.baseline import close_by_sql, finish_flow
from tests.bench.closes import run_close
from tests.bench.kernels import run_kernels
from tests.bench.rows import RowWriter

LOANS = 20_000


def test_kernels_and_their_plain_twins_agree():
    timed = run_kernels(4_000, 500)
    assert [each.different for each in timed] == [0, 0, 0]
    assert all(each.compared > 4_000 for each in timed)


def test_hand_written_sql_finds_every_cell_of_the_close(tmp_path):
    scenario = Scenario()
    offered = offer(scenario)
    over = space(offered.classes, window(since=scenario.first_day, as_of=scenario.last_day))
    writer = RowWriter(tmp_path, offered.classes, over)
    batches = []
    for part in parts(offered, scenario=scenario, seed=3, loans=LOANS, horizon=scenario.last_day):
        writer.add(part)
        batches += [part.compact, part.irregular]
    writer.close()
    assert writer.written.loans == LOANS
    assert writer.written.payments > LOANS * 0.1
    ours = measure_batches(batches, offered.classes, over)
    theirs = close_by_sql(tmp_path, over, threads=2, memory_limit="2GB")
    theirs["flow"] = finish_flow(theirs["flow"])
    for family in FAMILIES:
        assert (ours.families[family.name] != 0).any(), family.name
        assert np.array_equal(ours.families[family.name], theirs[family.name]), family.name


def test_both_closes_run_in_processes_of_their_own_and_their_cells_are_compared(tmp_path):
    said: list[str] = []
    closed = run_close(LOANS, tmp_path, say=said.append)
    assert closed.loans == LOANS
    assert closed.cells > 10_000
    assert set(closed.different.values()) == {0}
    assert closed.kernel_peak > 0
    assert closed.sql_seconds > 0
    assert said[-1].endswith("the same by SQL")
    assert not (tmp_path / f"{LOANS}").exists()


def test_tables_go_between_their_markers(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- close -->\nold\n<!-- /close -->\nafter\n")
    pages.put("close", pages.markdown([["a", "b"], ["1", "2"]]), page)
    assert page.read_text() == "before\n<!-- close -->\n| a | b |\n|---|---:|\n| 1 | 2 |\n<!-- /close -->\nafter\n"


def test_a_scratch_folder_that_is_not_there_is_made(tmp_path, monkeypatch):
    from tests.bench import __main__ as bench

    monkeypatch.setattr(bench, "run_tape", lambda: None)
    monkeypatch.setattr("sys.argv", ["bench", "--only", "tape", "--no-page", "--scratch", str(tmp_path / "new" / "scratch")])
    bench.main()
    assert (tmp_path / "new" / "scratch").is_dir()
