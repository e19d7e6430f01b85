"""What one figure cannot exceed, and signs that labels deny: a true and a false case of each."""

import pytest

from loanbook.tieout.document import Document
from loanbook.tieout.figure import Figure, Reading, Unit
from loanbook.tieout.judge import judge
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.relate.bounds import bounds
from loanbook.tieout.relate.grid import grids_of
from loanbook.tieout.relate.signs import label_signs
from loanbook.tieout.relation import Relation, RelationKind, Severity, Status, Verdict
from tests.tieout.build import table

PER_SHARE = """
                         2024Q2/CNY   2024Q1/CNY   2023Q2/CNY
    Net income per share:
    Basic                4.60         3.72         3.36
    Diluted              4.47         3.63         3.28
    Weighted average number of shares:
    Basic                299,300      310,200      320,100
    Diluted              307,600      317,900      327,500
"""
KINDS = {"Basic": Unit.PER_SHARE, "Diluted": Unit.PER_SHARE}
LOANS = """
                                      @2024-06-30/EUR  @2024-03-31/EUR  @2023-06-30/EUR  @2022-12-31/EUR
    Loans to customers, gross         98,400           97,100           91,250           90,100
    of which past due                 3,120            2,870            2,655            2,500
    of which in default               1,940            1,688            1,702            1,600
    Loans to customers, net           95,880           94,790           89,140           88,000
    Financial result                  40               35               51               47
    including interest income         95               20               12               15
"""
DEBT = """
                             @2024-06-30/USD  @2024-03-31/USD  @2023-06-30/USD  @2022-12-31/USD
    Total borrowings         5,400            5,650            4,980            4,100
    Less: current portion    720              680              510              490
    Long-term borrowings     4,680            4,970            4,470            3,610
"""
LOSSES = """
                             2024Q2/USD   2024Q1/USD   2023Q2/USD   2023Q1/USD
    Loss from operations     (4,512)      (3,988)      (5,120)      (4,760)
    Interest income          310          288          190          177
    Loss before income taxes (4,202)      (3,700)      (4,930)      (4,583)
    Net loss                 (4,230)      (3,741)      (4,955)      (4,601)
"""
FLOWS = """
                                     2024Q2/USD   2023Q2/USD
    Net income                       9,120        8,455
    Increase in accounts receivable  (1,204)      (880)
    Decrease in inventories          415          230
    Increase in accounts payable     966          612
    Decrease in accrued expenses     (144)        (203)
    Net decrease in cash             (1,830)      (309)
"""


def relations(figures: tuple[Figure, ...]) -> list[Relation]:
    return [one for grid in grids_of(figures) for one in (*bounds(grid), *label_signs(grid))]


def broken(figures: tuple[Figure, ...]) -> list[tuple[str, str]]:
    """Rule and label of what is broken."""
    labels = {figure.id: figure.label for figure in figures}
    return [(one.rule, labels[one.result]) for one in relations(figures) if one.verdict is Verdict.BROKEN]


def per_share(text: str = PER_SHARE) -> tuple[Figure, ...]:
    head, earned, counted = text.partition("    Weighted")[0], *text.partition("    Weighted")[1:]
    heads = text.strip("\n").splitlines()[0]
    return (
        *table(head, units=KINDS),
        *table(f"{heads}\n{earned}{counted}", block=1, units=dict.fromkeys(KINDS, Unit.SHARES)),
    )


def test_dilution_lowers_earnings_per_share_and_raises_shares() -> None:
    found = relations(per_share())
    assert [(one.rule, one.verdict) for one in found] == [("diluted_earnings", Verdict.HOLDS)] * 3 + [
        ("diluted_shares", Verdict.HOLDS)
    ] * 3
    assert broken(per_share(PER_SHARE.replace("4.47", "4.74"))) == [("diluted_earnings", "Diluted")]
    assert broken(per_share(PER_SHARE.replace("307,600", "297,600"))) == [("diluted_shares", "Diluted")]


def test_a_loss_per_share_is_not_diluted() -> None:
    assert broken(per_share(PER_SHARE.replace("4.60", "(0.60)").replace("4.47", "(0.58)"))) == []


def test_equal_earnings_per_share_are_no_slip() -> None:
    assert broken(per_share(PER_SHARE.replace("4.47", "4.60"))) == []


def test_a_part_is_at_most_its_whole_and_net_at_most_gross() -> None:
    assert broken(table(LOANS)) == []
    assert {one.rule for one in relations(table(LOANS))} == {"part_of_whole", "net_within_gross"}
    assert broken(table(LOANS.replace("2,870", "287,000"))) == [("part_of_whole", "of which past due")]
    assert broken(table(LOANS.replace("94,790", "97,940"))) == [("net_within_gross", "Loans to customers, net")]


def test_what_is_part_of_a_result_may_exceed_it() -> None:
    assert not [one for one in relations(table(LOANS)) if "income" in one.arithmetic]


def test_a_current_portion_is_at_most_the_total_above_it() -> None:
    assert broken(table(DEBT)) == []
    assert [one.rule for one in relations(table(DEBT))] == ["current_portion"] * 4
    assert broken(table(DEBT.replace("680 ", "6,800 "))) == [("current_portion", "Less: current portion")]


def test_the_rest_of_a_debt_beside_its_current_portion_is_no_total() -> None:
    balance = """
                                         @2024-06-30/USD  @2023-12-31/USD
    Current portion of long-term debt    5,200            4,800
    Accrued expenses                     1,100            1,020
    Long-term debt                       3,400            3,900
    """
    assert relations(table(balance)) == []


def test_a_net_loss_printed_as_a_profit_amid_bracketed_losses_is_told() -> None:
    assert relations(table(LOSSES)) == []
    assert broken(table(LOSSES.replace("(3,741)", "3,741"))) == [("label_sign", "Net loss")]


def test_a_line_that_may_be_either_is_no_slip() -> None:
    text = LOSSES.replace("Net loss", "Net (loss) income")
    assert broken(table(text.replace("(3,741)", "3,741"))) == []
    attributable = LOSSES.replace("Net loss", "Net loss attributable to noncontrolling interests")
    assert broken(table(attributable.replace("(3,741)", "3,741"))) == []


def test_losses_printed_without_brackets_throughout_are_the_issuers_way() -> None:
    assert broken(table(LOSSES.replace("(", "").replace(")", ""))) == []


@pytest.mark.parametrize(
    ("printed", "turned", "label"),
    [
        ("415          230", "(415)        (230)", "Decrease in inventories"),
        ("966          612", "(966)        (612)", "Increase in accounts payable"),
        ("(1,830)      (309)", "1,830        309", "Net decrease in cash"),
    ],
)
def test_a_change_that_goes_the_other_way_than_its_label_is_told(printed: str, turned: str, label: str) -> None:
    assert broken(table(FLOWS)) == []
    assert broken(table(FLOWS.replace(printed, turned))) == [("label_sign", label)]


def test_a_label_of_this_year_over_a_change_of_last_year_is_common_and_no_slip() -> None:
    assert broken(table(FLOWS.replace("230", "(230)"))) == []


def test_changes_printed_as_magnitudes_say_nothing_of_signs() -> None:
    assert broken(table(FLOWS.replace("(", "").replace(")", ""))) == []


def judged(figures: tuple[Figure, ...]) -> Judgement:
    made = tuple(relations(figures))
    return judge([(Document(file="a.txt", blocks=()), Reading(figures=figures))], made)


def test_a_bound_that_is_passed_is_an_error_and_says_the_bound() -> None:
    (finding,) = judged(per_share(PER_SHARE.replace("4.47", "4.74"))).findings
    assert (finding.severity, finding.kind) == (Severity.ERROR, "diluted_earnings")
    assert {finding.expected, finding.printed} & {"at most 4.6", "4.74"}
    assert "4.74 <= 4.60 (Basic)" in finding.message


def test_a_label_against_its_sign_departs_from_practice_and_ticks_nothing() -> None:
    found = judged(table(LOSSES.replace("(3,741)", "3,741")))
    (finding,) = found.findings
    assert (finding.severity, finding.expected) == (Severity.PRACTICE, "-3,741")
    assert "is printed with a sign that its label denies" in finding.message
    assert found.statuses[finding.figures[0]] is Status.NOTED
    assert Status.TICKED not in found.statuses.values()


def test_inequalities_and_signs_tick_no_figure() -> None:
    assert {one.kind for one in relations(per_share())} == {RelationKind.INEQUALITY}
    assert set(judged(per_share()).statuses.values()) == {Status.NOT_CHECKABLE}
