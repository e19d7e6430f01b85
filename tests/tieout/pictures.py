"""The pictures of docs/guides/tieout.md: `python -m tests.tieout.pictures`; needs Chromium.

The release is the one that the guide writes; the reconciliation beside it lost its layout.
"""

import contextlib
import re
import tempfile
from pathlib import Path

from loanbook.tieout.checking import tie_out
from loanbook.tieout.show.page import write_page
from tests.tieout.browser import Browser

DOCS = Path(__file__).resolve().parents[2] / "docs"
WIDTH, HEIGHT = 1100, 620
TOTAL = ".figure[aria-label^='412,556']"
ANNEX = """\
Heron Ferry Holdings Limited
Reconciliation of U.S. GAAP to IFRS

(Amounts in thousands of Renminbi)

As of June 30, 2024 Amounts as reported under U.S. GAAP Leases Development costs Amounts under IFRS Vessels, net 1,204,310 \
88,415 1,292,725 Development costs 64,120 64,120 Right-of-use assets 91,230 (88,415) 2,815 Deferred tax assets 24,870 \
(16,030) 8,840 Total assets 2,118,442 48,090 2,166,532 Lease liabilities 92,610 (1,380) 91,230 Deferred tax liabilities 31,077 \
11,940 43,017 Total liabilities 1,040,215 10,560 1,050,775 Retained earnings 703,118 37,530 740,648 Total equity 1,078,227 \
37,530 1,115,757
"""


def guide_release() -> str:
    """The release that the guide writes in its first block."""
    guide = (DOCS / "guides" / "tieout.md").read_text(encoding="utf-8")
    found = re.search(r'write_text\("""\\\n(.*?)"""\)', guide, re.DOTALL)
    assert found, "the guide writes no release"
    return found[1].replace("\\t", "\t")


def main() -> None:
    """Write all pictures into docs/images."""
    images = DOCS / "images"
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), Browser() as browser:
        release, annex, page = Path("heron_q2.txt"), Path("heron_ifrs.txt"), Path("page.html")
        release.write_text(guide_release(), encoding="utf-8")
        annex.write_text(ANNEX, encoding="utf-8")
        write_page(tie_out([release]), page)
        browser.open(page, WIDTH, 920)
        browser.picture(images / "tieout.png")
        browser.open(page, WIDTH, HEIGHT)
        browser.hover(TOTAL)
        browser.picture(images / "tieout_hover.png", (372, 130, WIDTH - 372, HEIGHT - 130))
        browser.open(page, WIDTH, HEIGHT)
        x, y, width, height = browser.box(".findings li")
        browser.picture(images / "tieout_finding.png", (x - 16, y - 12, width + 32, height + 24))
        write_page(tie_out([release, annex]), page)
        browser.open(page, WIDTH, HEIGHT)
        browser.run("document.querySelector('input[data-severity=error]').click()")
        x, y, width, height = browser.box("aside")
        browser.picture(images / "tieout_filter.png", (x, y, width, 310))
        browser.run("document.querySelector('.repaired').scrollIntoView({block: 'end'})")
        browser.picture(images / "tieout_repaired.png", (372, 20, WIDTH - 372, HEIGHT - 20))


if __name__ == "__main__":
    main()
