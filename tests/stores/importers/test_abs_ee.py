"""ABS-EE auto loans: monthly XML files in any order, whatever a trust leaves out, and hostile documents."""

import gzip
import itertools

import pytest
from lxml import etree

from loanbook.errors import RequestError
from loanbook.services.importing import import_tape
from loanbook.services.reconciling import reconcile
from loanbook.stores.book import open_book
from loanbook.stores.importers import xml_reader
from loanbook.stores.importers.mapping_file import find_mapping, shipped_mappings
from tests.conftest import SHARED
from tests.stores.importers.abs_ee import NAMESPACE, asset, document, write
from tests.stores.importers.tapes import read_files

MAPPING = shipped_mappings()["abs_ee_auto_loan"]
SCHEMA = SHARED / "data" / "aart_2017_3" / "eis_ABS_AutoLoanAssetData.xsd"

JUNE = [asset(1, "06", "18000.00"), asset(2, "06", "9000.00"), asset(3, "06", "700.00")]
JULY = [
    asset(1, "07", "17700.00"),
    asset(2, "07", "0.00", zeroBalanceCode="4", chargedoffPrincipalAmount="8700.00", currentDelinquencyStatus="121"),
    asset(3, "07", "0", zeroBalanceCode=["1"], actualPrincipalCollectedAmount="700", totalActualAmountPaid="703.10"),
    asset(4, "07", "15000.00", assetNumber="MADE-UP-4"),
]
AUGUST = [
    asset(1, "08", "17400.00"),
    asset(2, "08", None, recoveredAmount="250.50", actualPrincipalCollectedAmount=None),
    asset(4, "08", "14700"),
]


def read(folder, assets, name="made-up.xml"):
    return read_files(folder, [write(folder, name, assets)], shipped=MAPPING)


STATES = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.sec.gov/edgar/statecodes">
<xs:simpleType name="STATE_COUNTRY_CODE"><xs:restriction base="xs:token"/></xs:simpleType>
<xs:simpleType name="STATE_CODE"><xs:restriction base="xs:token"/></xs:simpleType></xs:schema>"""
"""The schema imports a list of states that asset data does not use and that is not part of the published set."""


def schema_of_the_sec(folder):
    for path in SCHEMA.parent.glob("*.xsd"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "eis_stateCodes.xsd").write_text(STATES)
    return etree.XMLSchema(etree.parse(folder / SCHEMA.name))


@pytest.mark.skipif(not SCHEMA.exists(), reason="the SEC's schema is in ../shared")
def test_the_made_up_documents_are_valid_under_the_schema_of_the_sec(tmp_path):
    schema = schema_of_the_sec(tmp_path)
    for assets in (JUNE, JULY, AUGUST):
        schema.assertValid(etree.fromstring(document(assets).encode()))
    assert not schema.validate(etree.fromstring(document([asset(1, "06", "lost")]).encode()))


def test_a_record_opens_and_reports_a_loan(tmp_path):
    result = read(tmp_path, JUNE)
    opened, reported = result.events["position_opened"][0], result.events["position_reported"][0]
    assert (opened["loan_id"], opened["happened_on"].isoformat(), opened["segment"]) == ("MADE-UP-1", "2021-06-30", "used")
    assert (opened["original_principal_fen"], opened["balance_fen"], opened["rate_annual"]) == (
        2_000_000,
        1_800_000,
        49_900_000_000,
    )
    assert (opened["originated_on"].isoformat(), opened["first_due_on"].isoformat()) == ("2020-11-15", "2020-12-15")
    assert (reported["principal_fen"], reported["paid_fen"], reported["dpd"]) == (30_000, 37_742, 0)
    assert result.file.accepted == 3


def test_zero_balance_codes_charge_offs_and_recoveries(tmp_path):
    july = read(tmp_path, JULY).events
    assert {e["loan_id"]: e["status"] for e in july["position_reported"]} == {
        "MADE-UP-1": None, "MADE-UP-2": "charged_off", "MADE-UP-3": "prepaid_or_matured", "MADE-UP-4": None,
    }  # fmt: skip
    (charge_off,) = july["loan_charged_off"]
    assert (charge_off["loan_id"], charge_off["principal_fen"], charge_off["happened_on"].isoformat()) == (
        "MADE-UP-2",
        870_000,
        "2021-07-31",
    )
    several = read(tmp_path, [asset(1, "06", "0", zeroBalanceCode=["1", "99"])]).events
    assert several["position_reported"][0]["status"] == "several_zero_reasons"


def books_in_any_order(folder):
    files = [write(folder, f"made-up-{n}.xml", assets) for n, assets in ((1, JUNE), (2, JULY), (3, AUGUST))]
    for number, order in enumerate(itertools.permutations(files)):
        for path in order:
            import_tape(find_mapping("abs_ee_auto_loan"), [path], f"{folder.name}-order-{number}")
        yield open_book(f"{folder.name}-order-{number}")
    import_tape(find_mapping("abs_ee_auto_loan"), files, f"{folder.name}-together")
    yield open_book(f"{folder.name}-together")


def test_months_come_in_any_order(tmp_path):
    results = [reconcile(book) for book in books_in_any_order(tmp_path)]
    assert len(results) == 7
    first = results[0]
    assert all(result == first for result in results)
    assert (first.opening_fen, first.principal_fen, first.last_fen) == (
        1_800_000 + 900_000 + 70_000 + 1_500_000,
        190_000,
        1_740_000 + 1_470_000,
    )
    assert {line.name: line.amount_fen for line in first.lines if line.count} == {"to_zero_with_principal": 870_000}
    assert first.written_off_fen == 870_000
    assert first.ties


def test_in_order_a_loan_is_opened_once(tmp_path):
    for n, assets in enumerate((JUNE, JULY, AUGUST)):
        import_tape(find_mapping("abs_ee_auto_loan"), [write(tmp_path, f"made-up-{n}.xml", assets)], tmp_path.name)
    book = open_book(tmp_path.name)
    assert book.rows("position_opened") == 4
    assert book.rows("position_reported") == 10


OPTIONAL = [
    "reportingPeriodBeginningDate",
    "loanMaturityDate",
    "interestCalculationTypeCode",
    "originalFirstPaymentDate",
    "vehicleNewUsedCode",
    "reportingPeriodScheduledPaymentAmount",
    "totalActualAmountPaid",
    "actualPrincipalCollectedAmount",
    "currentDelinquencyStatus",
]


def test_what_a_trust_leaves_out_is_null(tmp_path):
    result = read(tmp_path, [asset(1, "06", "18000.00", **dict.fromkeys(OPTIONAL))])
    (opened,) = result.events["position_opened"]
    assert result.faults == []
    assert (opened["dpd"], opened["maturity_on"], opened["segment"], opened["installment_fen"]) == (None, None, None, 0)
    assert result.events["position_reported"][0]["principal_fen"] is None


def test_the_rate_of_the_period_stands_in_for_that_of_the_origination(tmp_path):
    record = asset(1, "06", "18000.00", originalInterestRatePercentage=None, reportingPeriodInterestRatePercentage="0.03")
    assert read(tmp_path, [record]).events["position_opened"][0]["rate_annual"] == 30_000_000_000


def test_a_trust_that_writes_percent(tmp_path):
    assets = [asset(n, "06", "100", originalInterestRatePercentage=rate) for n, rate in ((1, "4.99"), (2, "0.9"), (3, "0"))]
    result = read(tmp_path, assets)
    assert [e["rate_annual"] for e in result.events["position_opened"]] == [49_900_000_000, 9_000_000_000, 0]
    assert result.file.units == {"originalInterestRatePercentage": "percent"}


@pytest.mark.parametrize(
    "missing",
    ["reportingPeriodEndingDate", "originationDate", "originalLoanAmount", "originalLoanTerm", "originalInterestRatePercentage"],
)
def test_a_loan_that_cannot_be_opened_is_set_aside_with_the_reason(tmp_path, missing):
    result = read(tmp_path, [asset(1, "06", "18000.00", **{missing: None}), asset(2, "06", "1.00")])
    assert {f["row"] for f in result.faults} == {1}
    assert any(missing in f["reason"] and "is missing" in f["reason"] for f in result.faults)
    assert [e["loan_id"] for e in result.events["position_opened"]] == ["MADE-UP-2"]


def test_dates_in_single_digits(tmp_path):
    result = read(tmp_path, [asset(1, "06", "18000.00", reportingPeriodEndingDate="6-30-2021")])
    assert result.events["position_opened"][0]["happened_on"].isoformat() == "2021-06-30"


def test_records_are_read_in_batches_of_any_size(tmp_path, monkeypatch):
    monkeypatch.setattr(xml_reader, "BATCH_RECORDS", 7)
    result = read(tmp_path, [asset(n, "06", f"{n}.25") for n in range(1, 51)])
    assert [(e["source"], e["balance_fen"]) for e in result.events["position_opened"]] == [
        (f"made-up.xml:{n}", n * 100 + 25) for n in range(1, 51)
    ]


def test_packed_documents_are_read(tmp_path):
    path = tmp_path / "made-up.xml.gz"
    path.write_bytes(gzip.compress(document(JUNE).encode()))
    assert read_files(tmp_path, [path], shipped=MAPPING).file.accepted == 3


def refused(folder, text):
    path = folder / "made-up.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RequestError) as error:
        read_files(folder, [path], shipped=MAPPING)
    return str(error.value)


def test_external_entities_are_refused_and_nothing_is_fetched(tmp_path):
    (tmp_path / "secret.txt").write_text("MADE-UP-SECRET")
    start = f'<?xml version="1.0"?>\n<!DOCTYPE assetData [<!ENTITY x SYSTEM "file://{tmp_path}/secret.txt">]>\n'
    said = refused(tmp_path, document(JUNE, start).replace("MADE-UP-1", "&x;"))
    assert "declares a DOCTYPE or entities" in said
    assert "SECRET" not in said


def test_a_doctype_behind_a_long_comment_or_in_another_encoding_is_refused(tmp_path):
    laughs = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n'
    far = '<?xml version="1.0"?>\n<!--' + " " * 70_000 + "-->\n" + laughs
    assert "declares a DOCTYPE" in refused(tmp_path, document(JUNE, far).replace("MADE-UP-1", "&b;"))
    coded = document(JUNE, '<?xml version="1.0" encoding="UTF-16"?>\n' + laughs).encode("utf-16")
    assert "UTF-16" in refused(tmp_path, coded)


def test_a_billion_laughs_are_refused(tmp_path):
    entities = "".join(
        f'<!ENTITY l{n} "{"&l" + str(n - 1) + ";" if n else "ha"}{f"&l{n - 1};" * 9 if n else ""}">' for n in range(12)
    )
    start = f"<!DOCTYPE assetData [{entities}]>\n<!--" + " " * 70_000 + "-->\n"
    assert "DOCTYPE" in refused(tmp_path, document(JUNE, start).replace("MADE-UP-1", "&l11;"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t[: len(t) // 2], "not well formed or is cut off"),
        (lambda t: t.replace("</assets>", "", 1), "not well formed or is cut off"),
        (lambda t: t.replace("MADE-UP-1", "<a>" * 5000 + "</a>" * 5000), "not well formed or is cut off"),
        (lambda t: t.replace("MADE-UP-1", "x" * (11 << 20)), "not well formed or is cut off"),
        (lambda t: t.replace("MADE-UP-1", "&nothing;"), "not well formed or is cut off"),
        (lambda t: t.replace("autoloan", "autolease"), "is not that of auto loans"),
        (lambda t: t.replace("assetData", "html"), "the document is <html>, not ABS-EE asset data"),
        (
            lambda t: t.replace("<assets>", "<asset>").replace("</assets>", "</asset>"),
            "<asset> stands where <assets> is expected",
        ),
        (lambda t: t.replace("MADE-UP-1", "\0"), "is NUL"),
        (lambda t: "", "the file is empty"),
        (lambda t: "assetNumber,balance\n1,2\n", "not well formed"),
    ],
)
def test_documents_that_are_refused_whole(tmp_path, change, said):
    assert said in refused(tmp_path, change(document(JUNE)))


def test_an_empty_pool_is_no_row(tmp_path):
    assert read(tmp_path, []).file.read == 0
    assert NAMESPACE in document([])
