"""The words and signs of statuses and severities, for screen and page."""

from loanbook.tieout.relation import Severity, Status

SIGNS = {Status.TICKED: "✓", Status.NOTED: "●", Status.FAILED: "✗", Status.NOT_CHECKABLE: "○"}
NAMES = {Status.TICKED: "ticked", Status.NOTED: "noted", Status.FAILED: "failed", Status.NOT_CHECKABLE: "not checkable"}
SEVERITIES = {
    Severity.ERROR: "error",
    Severity.PRACTICE: "departs from this issuer's practice",
    Severity.ROUNDING: "within rounding",
    Severity.DEFINITION: "definition changed",
    Severity.DAMAGE: "extraction damage",
}
