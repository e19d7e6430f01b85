"""Wide tapes: one column a month for each figure; how many months there are is found in the header."""

import gzip
from itertools import pairwise

import pytest

from loanbook.errors import RequestError
from loanbook.stores.importers.mapping_file import shipped_mappings
from tests.stores.importers.tapes import read_files

AART = shipped_mappings()["aart_2017_3"]
HEAD = (
    "assetNumber,reportingPeriodEndingDate,originationDate,originalLoanAmount,originalLoanTerm,originalInterestRatePercentage,"
    "reportingPeriodActualEndBalanceAmount,vehicleNewUsedCode"
)
LOAN = "made-up-{},08-31-2019,01/2018,10000,60,0.05,{},1"


def tape(folder, months, rows, columns=None, name="tape.csv"):
    """rows: (loan, opening balance, [(BAL, PRC, PMT, REC, REP) or None a month])"""
    header = (
        HEAD
        + ","
        + ",".join(columns or [f"{stem}{k}" for k in range(1, months + 1) for stem in ("BAL", "PRC", "PMT", "REC", "REP")])
    )
    text = [header]
    for loan, opening, reports in rows:
        cells = [",".join(map(str, report)) if report else "NA,NA,NA,NA,NA" for report in reports]
        text.append(",".join([LOAN.format(loan, opening), *cells]))
    path = folder / name
    path.write_text("\n".join(text) + "\n")
    return path


@pytest.mark.parametrize("months", [1, 2, 43, 120])
def test_any_number_of_months(tmp_path, months):
    reports = [(10_000 - k, 1, 2, "NA", 0) for k in range(1, months + 1)]
    read = read_files(tmp_path, [tape(tmp_path, months, [(1, 10_000, reports)])], shipped=AART)
    events = read.events["position_reported"]
    assert [e["balance_fen"] for e in events] == [(10_000 - k) * 100 for k in range(1, months + 1)]
    ends = [e["happened_on"] for e in events]
    assert ends[0].isoformat() == "2019-09-30"
    assert all((b.year * 12 + b.month) - (a.year * 12 + a.month) == 1 for a, b in pairwise(ends))
    assert {e["recovered_fen"] for e in events} == {None}
    if months >= 6:
        assert ends[5].isoformat() == "2020-02-29"


def test_months_without_any_figure_are_no_report(tmp_path):
    rows = [(1, 500, [(0, 500, 505, "NA", 0), None, None]), (2, 0, [None, None, None])]
    read = read_files(tmp_path, [tape(tmp_path, 3, rows)], shipped=AART)
    assert [(e["loan_id"], e["happened_on"].isoformat()) for e in read.events["position_reported"]] == [
        ("made-up-1", "2019-09-30")
    ]
    assert [e["balance_fen"] for e in read.events["position_opened"]] == [50_000, 0]


def test_one_bad_month_sets_the_whole_loan_aside(tmp_path):
    rows = [
        (1, 500, [(400, 100, 105, "NA", 0), ("lost", 0, 0, "NA", 0)]),
        (2, 500, [(400, 100, 105, "NA", 0), (300, 100, 105, "NA", 0)]),
    ]
    read = read_files(tmp_path, [tape(tmp_path, 2, rows)], shipped=AART)
    assert {e["loan_id"] for kind in read.events.values() for e in kind} == {"made-up-2"}
    assert [(f["row"], f["reason"], f["value"]) for f in read.faults] == [(2, "BAL2 is not a number", "lost")]


def test_groups_of_different_lengths_are_refused(tmp_path):
    columns = ["BAL1", "PRC1", "PMT1", "REC1", "REP1", "BAL2", "PRC2", "PMT2", "REC2"]
    with pytest.raises(RequestError, match=r"BAL and REP differ at 2\. Add or remove the column REP2"):
        read_files(tmp_path, [tape(tmp_path, 2, [], columns)], shipped=AART)


def test_a_tape_without_the_group_is_refused(tmp_path):
    with pytest.raises(RequestError, match="no column of the repeated group BAL1, BAL2"):
        read_files(tmp_path, [tape(tmp_path, 1, [], ["balance"])], shipped=AART)


def test_packed_and_plain_give_the_same_events(tmp_path):
    plain = tape(tmp_path, 2, [(1, 500, [(400, 100, 105, "NA", 0), (300, 100, 105, "NA", 0)])])
    packed = tmp_path / "tape.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    def events(path):
        return [{**e, "source": None} for e in read_files(tmp_path, [path], shipped=AART).events["position_reported"]]

    assert events(plain) == events(packed)


def test_groups_that_a_trust_does_not_report_are_null(tmp_path):
    path = tmp_path / "tape.csv"
    path.write_text(HEAD + ",BAL1,PRC1,BAL2,PRC2\n" + LOAN.format(1, 500) + ",400,100,NA,NA\n")
    (report,) = read_files(tmp_path, [path], shipped=AART).events["position_reported"]
    assert (report["balance_fen"], report["principal_fen"], report["paid_fen"], report["recovered_fen"]) == (
        40_000,
        10_000,
        None,
        None,
    )


def test_a_group_that_is_needed_is_named(tmp_path):
    with pytest.raises(RequestError, match="there is no column 'PRC1'"):
        read_files(tmp_path, [tape(tmp_path, 1, [], ["BAL1"])], shipped=AART)
