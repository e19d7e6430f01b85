"""Forty ways to say what tables say: none of them is a finding, and slips written into them are found."""

import random
import re
from decimal import Decimal

import pytest

from loanbook.tieout.judge import judge
from loanbook.tieout.judgement import Judgement
from loanbook.tieout.read import document_of, read_figures
from loanbook.tieout.relate import relate
from tests.tieout.inject import COUNTING
from tests.tieout.slips import Target, write

RELEASE = """\
Juniper Post plc
Results for the year ended 31 December 2024

{}

Consolidated income statement
(in EUR thousands)

	2024	2023
Parcels	412,345	378,210
Letters	188,904	201,377
Logistics	96,231	88,412
Total revenue	697,480	667,999
Personnel costs	(301,220)	(290,114)
Transport costs	(152,338)	(149,007)
Other operating costs	(88,176)	(85,550)
Operating profit	155,746	143,328
Net finance costs	(12,410)	(10,998)
Profit before tax	143,336	132,330
Income tax	(35,834)	(33,745)
Profit for the year	107,502	98,585

Balance sheet
(in EUR thousands)

	31 December 2024	31 December 2023
Cash and cash equivalents	88,120	71,455
Trade receivables	140,338	133,209
Property and equipment	410,226	398,771
Total assets	638,684	603,435
Borrowings	201,500	210,800
Trade payables	98,114	95,220
Total liabilities	299,614	306,020
Equity	339,070	297,415
Total equity and liabilities	638,684	603,435
"""
SENTENCES = (
    "Parcels turned over €412.3 million in 2024, some €34.1 million better than the €378.2 million of the year before.",
    "Group revenue advanced 4.4% to €697.5 million (2023: €668.0 million).",
    "Operating profit climbed to €155.7 million from €143.3 million, lifting the operating margin to 22.3% from 21.5%.",
    "The tax charge of €35.8 million equates to an effective tax rate of 25.0% (2023: 25.5%).",
    "Profit before tax came in at €143.3 million, 8.3% ahead of last year's €132.3 million.",
    "Letters declined by 6.2% and contributed €188.9 million to total revenue.",
    "Personnel costs, at €301.2 million, absorbed 43.2% of total revenue, against 43.4% a year earlier.",
    (
        "At year end the group held cash and cash equivalents of €88.1 million (31 December 2023: €71.5 million) "
        "and borrowings of €201.5 million (31 December 2023: €210.8 million)."
    ),
    "Total assets amounted to €638.7 million, €35.2 million more than a year before; equity stood at €339.1 million.",
    "Of the €697.5 million in revenue, €412.3 million came from parcels and €96.2 million from logistics.",
    "Transport costs went up from €149.0 million to €152.3 million, or by 2.2%.",
    "Profit for the year was €107.5 million, which compares with €98.6 million in 2023 and is an improvement of 9.0%.",
    "Borrowings were cut by €9.3 million to €201.5 million.",
    "Logistics grew fastest, by 8.8%, to reach €96.2 million.",
    "Total liabilities fell €6.4 million, from €306.0 million to €299.6 million.",
    "Operating profit for 2024 and 2023 was €155.7 million and €143.3 million, respectively, an increase of 8.7%.",
    "Trade receivables rose 5.4% to €140.3 million at 31 December 2024.",
    "Net profit reached €107.5 million, giving a net margin of 15.4%.",
    "The operating margin widened by 0.8 percentage points to 22.3%.",
    "In 2024 the company made a profit before tax of €143.3 million on revenue of €697.5 million.",
    "We closed the year with total revenue of €697.5 million, compared to €668.0 million in 2023, representing growth of 4.4%.",
    (
        "Parcels, our largest business, generated revenue of €412.3 million, an increase of 9.0% compared with "
        "€378.2 million in the prior year."
    ),
    "Operating profit improved to €155.7 million (2023: €143.3 million) as volumes in parcels grew by 11.2%.",
    "Organic revenue growth was 3.9%; reported total revenue growth was 4.4%.",
    "Personnel costs increased by €11.1 million, mainly because of a wage settlement of €7.5 million.",
    "Income tax was €35.8 million, against €33.7 million in the previous year.",
    (
        "Total assets at 31 December 2024 were €638.7 million (31 December 2023: €603.4 million), of which cash "
        "and cash equivalents accounted for 13.8%."
    ),
    "Equity increased by 14.0% to €339.1 million, while borrowings decreased by 4.4% to €201.5 million.",
    "Net finance costs of €12.4 million were 12.8% higher than in 2023.",
    "The letters business saw revenue fall from €201.4 million to €188.9 million.",
    "In Germany, revenue was €301.7 million, and operating profit was €62.1 million.",
    "Total revenue for 2024 was €697 million and profit for the year was €108 million.",
    "Profit before tax rose to €143.3 million in 2024 from €132.3 million in 2023, up 8.3%.",
    "Cash and cash equivalents were €88.1 million at year end, €16.7 million above the level of 31 December 2023.",
    "Parcels and letters accounted for 59.1% and 27.1% of total revenue, respectively.",
    "Other operating costs stood at €88.2 million, or 12.6% of total revenue.",
    "The board proposes a dividend of €0.45 per share, in total €38.2 million, which is 35.5% of profit for the year.",
    "Logistics contributed €96.2 million (2023: €88.4 million) to revenue, and parcels €412.3 million (2023: €378.2 million).",
    "Profit for the year increased 9.0%.",
    "Total equity and liabilities came to €638.7 million. Trade payables were up 3.0% at €98.1 million.",
)
KINDS = ("substituted", "swapped", "tenfold")


def judged(text: str) -> Judgement:
    document = document_of(text.encode(), "juniper.txt")
    readings = [(document, read_figures(document))]
    return judge(readings, relate(readings))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_what_is_true_is_no_finding(sentence: str) -> None:
    assert judged(RELEASE.format(sentence)).findings == ()


def test_four_of_five_slips_are_found() -> None:
    """Of all figures, those that no table determines included: a market's revenue, a dividend a share, organic growth."""
    chance = random.Random(5)
    found = tried = 0
    for sentence in SENTENCES:
        text = RELEASE.format(sentence)
        starts = [0, *(match.end() for match in re.finditer("\n", text))]
        for figure in judged(text).figures:
            if figure.place.row is not None:
                continue
            at = starts[figure.place.line - 1] + figure.place.start
            digits = re.search(r"\d[\d,.]*\d|\d", text[at : at + figure.place.end - figure.place.start])
            assert digits is not None
            target = Target(
                file=0,
                start=at + digits.start(),
                end=at + digits.end(),
                value=figure.value,
                step=figure.step,
                is_prose=True,
                checkable=True,
                foots=True,
                index=None,
            )
            for kind in KINDS:
                slip = write(text, target, kind, chance)
                if slip is not None and slip.units >= Decimal(2):
                    tried += 1
                    found += _names(judged(slip.text), slip.digits)
    assert tried > 250
    assert found >= 0.8 * tried


def _names(judgement: Judgement, digits: str) -> bool:
    """Whether a finding names a figure of the text that displays `digits`."""
    shown = re.sub(r"\D", "", digits)
    wrong = {one.id for one in judgement.figures if one.place.row is None and re.sub(r"\D", "", one.text) == shown}
    return any(wrong & {*one.figures, *one.suspects} for one in judgement.findings if one.severity in COUNTING)
