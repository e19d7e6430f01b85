"""Synthetic results releases of made-up issuers, in templates unlike each other, with the truth of every figure.

A release is made anew from a seed: a small company whose figures are consistent (statements foot, quarters add up, text says what
tables say), written by a template. The writer notes of every figure where its characters stand and what it means, so reading,
relating and injected errors can be measured without a person's extraction.
"""

from tests.tieout.releases.european import european_group
from tests.tieout.releases.filing import quarterly_report
from tests.tieout.releases.indian import indian_bank
from tests.tieout.releases.insurer import insurer
from tests.tieout.releases.japanese import japanese_company
from tests.tieout.releases.press import press_release
from tests.tieout.releases.swiss import swiss_company
from tests.tieout.releases.us_bank import us_bank
from tests.tieout.releases.writer import Release, Truth

TEMPLATES = (us_bank, european_group, japanese_company, insurer, quarterly_report, press_release, indian_bank, swiss_company)

__all__ = ["TEMPLATES", "Release", "Truth"]
