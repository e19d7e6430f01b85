"""A small judgement made by hand: one table that does not foot, one sentence, one figure that nothing checks."""

import datetime as dt
from decimal import Decimal

from loanbook.tieout.document import Cell, Document, Heading, Paragraph, Span, Table
from loanbook.tieout.figure import Figure, Numeral, NumeralKind, Period, Place, Reading, Unit
from loanbook.tieout.interval import Interval
from loanbook.tieout.judgement import Convention, Judgement
from loanbook.tieout.relation import Finding, Relation, RelationKind, Severity, Status, Term, Verdict

FILE = "heron <release>.txt"
SENTENCE = "Revenue was RMB31 million <b>, up from 2023; 12 branches."


def _figure(name: str, place: Place, text: str, value: str, unit: Unit = Unit.MONEY) -> Figure:
    return Figure(
        id=name,
        key=f"key {name}",
        place=place,
        text=text,
        value=Decimal(value),
        step=Decimal(1),
        unit=unit,
        scale=Decimal(1_000_000),
        currency="CNY",
        period=Period(start=dt.date(2024, 1, 1), end=dt.date(2024, 3, 31)),
        label=name,
        path=("Heron Bank", "Revenue"),
    )


def judged() -> Judgement:
    """Fees 10 and interest 20 printed with a total of 31, which the sentence repeats."""
    head = Place(file=FILE, line=1, start=0, end=10, block=0)
    line = Place(file=FILE, line=3, start=4, end=4 + len(SENTENCE), block=1)
    cells, figures = [], []
    for row, (label, text) in enumerate((("Fees", "10"), ("Interest", "20"), ("Total", "31"))):
        there = Place(file=FILE, line=5 + row, start=0, end=len(label), block=2, row=row, column=0)
        number = Place(file=FILE, line=5 + row, start=10, end=12, block=2, row=row, column=1)
        cells += [
            Cell(span=Span(text=label, place=there), row=row, column=0, indent=1 if row < 2 else 0, is_bold=row == 2),
            Cell(span=Span(text=text, place=number), row=row, column=1),
        ]
        figures.append(_figure(label.lower(), number, text, text))
    at = SENTENCE.index("RMB31 million")
    said = _figure("said", Place(file=FILE, line=3, start=4 + at, end=4 + at + 13, block=1), "RMB31 million", "31")
    at = SENTENCE.index("12")
    branches = _figure("branches", Place(file=FILE, line=3, start=4 + at, end=6 + at, block=1), "12", "12", Unit.COUNT)
    year = Numeral(kind=NumeralKind.DATE, place=Place(file=FILE, line=3, start=40, end=44, block=1), text="2023")
    document = Document(
        file=FILE,
        blocks=(
            Heading(span=Span(text="Heron Bank", place=head)),
            Paragraph(span=Span(text=SENTENCE, place=line)),
            Table(cells=tuple(cells)),
        ),
    )
    thirty = Interval(Decimal(29_000_000), Decimal(31_000_000))
    footing = Relation(
        id="r1",
        kind=RelationKind.SUM,
        rule="discovered",
        result="total",
        terms=(Term(figure="fees"), Term(figure="interest")),
        expected=thirty,
        printed=figures[2].interval,
        difference=Decimal(1),
        verdict=Verdict.BROKEN,
        arithmetic="10 + 20 = 30, printed 31",
    )
    same = Relation(
        id="r2",
        kind=RelationKind.EQUAL,
        rule="text_and_table",
        result="said",
        terms=(Term(figure="total"),),
        expected=figures[2].interval,
        printed=said.interval,
        difference=Decimal(0),
        verdict=Verdict.HOLDS,
        arithmetic="31 = 31",
    )
    finding = Finding(
        id="n1",
        severity=Severity.ERROR,
        kind="footing",
        place=figures[2].place,
        figures=("total",),
        relations=("r1",),
        printed="31",
        expected="30",
        message="Total does not foot: 10 + 20 = 30 </script>.",
        suspects=("total", "fees"),
    )
    return Judgement(
        documents=((document, Reading(figures=(said, branches, *figures), numerals=(year,))),),
        relations=(footing, same),
        findings=(finding,),
        statuses={
            "fees": Status.NOTED,
            "interest": Status.NOTED,
            "total": Status.FAILED,
            "said": Status.TICKED,
            "branches": Status.NOT_CHECKABLE,
        },
        conventions=(Convention(name="footing", message="Totals are the sum of what is printed.", kept=9, seen=10),),
    )
