"""Steps of a borrower's way that tests of access need in variants: another province, other consents."""

from loanbook.services.caller import Caller
from tests.online.platform import GOOD

NEEDED = ("credit_assessment", "bureau_query")
SHARING = "share_with_partner"
HASH = "0" * 64


def borrower(platform, document):
    """A registered borrower's id."""
    person = {"name": "Wang Example"}
    return platform.done("register", kind="consumer", channel="app_store", document=document, identity=person)["borrower_id"]


def assessed(platform, borrower_id, *, province="hunan", consents=NEEDED, **inputs):
    """The answer of `assess` to an application."""
    asked = {"borrower_id": borrower_id, "consents": consents, "consent_text_hash": HASH, "province": province}
    application = platform.done("apply", **asked, inputs=GOOD | inputs)
    return platform.done("assess", application_id=application["application_id"])


def drawn(platform, line_id, *, principal_fen=500_000, count=6):
    """The answer of `draw_down`."""
    return platform.loan(line_id, principal_fen, count)[1]


def partner_named(name):
    """A partner as it calls with a key."""
    return Caller(caller_id=f"p-{name}", role="partner", partner=name)
