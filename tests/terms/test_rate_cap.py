"""Caps on the annual rate: dated, with a basis, and a refusal that names rule, source and figures."""

import pytest

from loanbook.errors import RequestError, TermsError
from loanbook.terms.rate_cap import caps_in, check_rate, read_rate_caps, strictest
from loanbook.units import day, rate

CAP = """rate_caps:
  - name: a made-up cap
    lenders: [bank, trust]
    basis: effective
    rate_annual: 0.24
    effective_from: 2024-01-01
    effective_until: 2024-12-31
    source: made up for this test
"""


@pytest.fixture
def caps(tmp_path):
    path = tmp_path / "made_up.yaml"
    path.write_text(CAP)
    return read_rate_caps(path, "made_up.yaml")


def test_a_rate_above_the_cap_names_rule_source_and_figures(caps):
    with pytest.raises(RequestError) as caught:
        check_rate(caps, "bank", day("2024-06-30"), nominal=rate("0.24"), effective=rate("0.268242"))
    assert str(caught.value) == (
        "the all-in annual rate of 26.8242 % (effective) exceeds the cap of 24.0000 % for bank on 2024-06-30: a made-up cap "
        "(made up for this test; made_up.yaml:2). Lower the rate or the fees."
    )


@pytest.mark.parametrize(
    ("lender", "on", "effective"),
    [
        ("bank", "2023-12-31", "0.5"),
        ("bank", "2025-01-01", "0.5"),
        ("micro_lender", "2024-06-30", "0.5"),
        ("bank", "2024-12-31", "0.24"),
        ("bank", "2024-12-31", "0.240049"),
    ],
)
def test_a_cap_binds_its_lenders_on_its_days_at_the_compared_decimals(caps, lender, on, effective):
    check_rate(caps, lender, day(on), nominal=rate("0.9"), effective=rate(effective))


def test_the_last_cent_of_tolerance_is_used_up(caps):
    with pytest.raises(RequestError, match=r"24\.0050 %"):
        check_rate(caps, "bank", day("2024-12-31"), nominal=0, effective=rate("0.24005"))


def test_an_unknown_lender_is_not_uncapped(caps):
    with pytest.raises(RequestError, match="there is no lender type 'pawnbroker'"):
        check_rate(caps, "pawnbroker", day("2024-06-30"), nominal=0, effective=0)


def test_the_strictest_cap_of_several_lenders_is_the_lowest():
    caps = caps_in()
    found = strictest(caps, ("bank", "private_lender"), day("2021-01-01"), "nominal")
    assert found is not None
    assert found.rate == rate("0.154")
    assert strictest(caps, ("guarantee_company",), day("2021-01-01"), "nominal") is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("basis: effective", "basis: efective", "not 'efective'. Did you mean effective?"),
        ("0.24", "24", "rate_annual must be a fraction of one per year; got 24."),
        ("2024-12-31", "2023-12-31", "effective_until lies before effective_from"),
        ("[bank, trust]", "[banks]", "Did you mean bank?"),
        ("    source: made up for this test\n", "", "a rate cap needs 'source'"),
    ],
)
def test_a_wrong_cap_is_refused_with_its_line(tmp_path, old, new, words):
    path = tmp_path / "made_up.yaml"
    path.write_text(CAP.replace(old, new))
    with pytest.raises(TermsError, match=r"made_up\.yaml:\d+: ") as caught:
        read_rate_caps(path)
    assert words in str(caught.value)


def test_a_nominal_cap_looks_at_the_nominal_rate():
    caps = caps_in()
    check_rate(caps, "bank", day("2024-06-30"), nominal=rate("0.24"), effective=rate("0.268242"))
    with pytest.raises(RequestError, match=r"25\.0000 % \(nominal\)"):
        check_rate(caps, "bank", day("2024-06-30"), nominal=rate("0.25"), effective=rate("0.2"))
