"""Made-up ABS-EE asset data of a made-up trust, valid under the SEC's schema."""

from pathlib import Path
from xml.sax.saxutils import escape

NAMESPACE = "http://www.sec.gov/edgar/document/absee/autoloan/assetdata"

ORDER = [
    "assetTypeNumber",
    "assetNumber",
    "reportingPeriodBeginningDate",
    "reportingPeriodEndingDate",
    "originatorName",
    "originationDate",
    "originalLoanAmount",
    "originalLoanTerm",
    "loanMaturityDate",
    "originalInterestRatePercentage",
    "interestCalculationTypeCode",
    "originalFirstPaymentDate",
    "subvented",
    "vehicleNewUsedCode",
    "obligorCreditScore",
    "reportingPeriodInterestRatePercentage",
    "reportingPeriodActualEndBalanceAmount",
    "reportingPeriodScheduledPaymentAmount",
    "totalActualAmountPaid",
    "actualPrincipalCollectedAmount",
    "zeroBalanceEffectiveDate",
    "zeroBalanceCode",
    "currentDelinquencyStatus",
    "chargedoffPrincipalAmount",
    "recoveredAmount",
    "repossessedProceedsAmount",
]
"""Elements in the order the schema demands."""

ENDS = {"06": "06-30-2021", "07": "07-31-2021", "08": "08-31-2021"}


def asset(number: int, month: str, balance: str | None, **changed: object) -> dict[str, object]:
    """One loan's record in a month; None leaves an element out, a list repeats it."""
    record: dict[str, object] = {
        "assetTypeNumber": "Sponsor Assigned",
        "assetNumber": f"MADE-UP-{number}",
        "reportingPeriodBeginningDate": f"{month}-01-2021",
        "reportingPeriodEndingDate": ENDS[month],
        "originationDate": "11/2020",
        "originalLoanAmount": "20000.00000000",
        "originalLoanTerm": "60",
        "loanMaturityDate": "11/2025",
        "originalInterestRatePercentage": "0.0499",
        "interestCalculationTypeCode": "1",
        "originalFirstPaymentDate": "12/2020",
        "vehicleNewUsedCode": "2",
        "reportingPeriodActualEndBalanceAmount": balance,
        "reportingPeriodScheduledPaymentAmount": "377.42",
        "totalActualAmountPaid": "377.42",
        "actualPrincipalCollectedAmount": "300.00",
        "currentDelinquencyStatus": "0",
    }
    return record | changed


def document(assets: list[dict[str, object]], start: str = '<?xml version="1.0" encoding="UTF-8"?>\n') -> str:
    """Asset data with elements in the schema's order."""
    parts = [start, f'<assetData xmlns="{NAMESPACE}">\n']
    for record in assets:
        parts.append("<assets>")
        for name in ORDER:
            values = record.get(name)
            for value in values if isinstance(values, list) else [values]:
                if value is not None:
                    parts.append(f"<{name}>{escape(str(value))}</{name}>")
        parts.append("</assets>\n")
    return "".join([*parts, "</assetData>\n"])


def write(folder: Path, name: str, assets: list[dict[str, object]]) -> Path:
    """Asset data as a file."""
    path = folder / name
    path.write_text(document(assets), encoding="utf-8")
    return path
