"""The twin at 1:1,000: what comes out lands where it was published, and nothing goes in without a source."""

import datetime as dt
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from loanbook.cli import app
from loanbook.errors import RequestError, TermsError
from loanbook.simulator.platform import SHIPPED, load_platform, read_platform
from loanbook.simulator.platform_world import platform_world
from loanbook.simulator.sourced import read_parameters
from loanbook.simulator.twin import Compared, compare, load_reported, markdown, ours_in_memory, quarter_end, read_reported
from loanbook.simulator.twin_book import make_twin
from loanbook.terms.contract import Field
from loanbook.terms.conventions import Model
from loanbook.units import NEVER, RATE_SCALE

SCENARIO = "platform_2024"
SCALE = 1_000
SMALL = 20_000
REPORTED = load_reported(SCENARIO)
BANDED = [each for each in REPORTED if each.band is not None]
DOCS = Path(__file__).parents[2] / "docs" / "twin.md"
SOURCE = re.compile(r"(S[0-4]|N|P[1-3])\b|(derived|calibrated|chosen|measured|rule): ")


@pytest.fixture(scope="module")
def platform():
    return load_platform(SCENARIO)


@pytest.fixture(scope="module")
def twin_world(platform):
    return platform_world(platform, scale=SCALE)


@pytest.fixture(scope="module")
def compared(twin_world) -> dict[tuple[str, str], Compared]:
    ours = ours_in_memory(REPORTED, twin_world, SCALE)
    return {(each.reported.quarter, each.reported.item): each for each in compare(REPORTED, ours)}


@pytest.mark.parametrize("each", BANDED, ids=[f"{each.quarter} {each.item}" for each in BANDED])
def test_the_figure_is_within_its_band_of_the_published_one(compared, each):
    found = compared[each.quarter, each.item]
    assert found.inside, f"{found.ours} against {each.value}: {found.ratio}"


def test_volumes_balances_and_tenor_have_a_band_of_two_percent_and_delinquency_of_twenty():
    for each in REPORTED:
        wide = each.item in ("delinquency_90", "day1_delinquency", "collection_30")
        assert each.band == (0.20 if wide else 0.02) or each.item == "balance.total_solutions"
    assert {each.quarter for each in REPORTED} == {"2024Q1", "2024Q2", "2024Q3"}


def test_published_groups_add_up_to_their_totals():
    value = {(each.quarter, each.item): each.value for each in REPORTED}
    for quarter in ("2024Q1", "2024Q2", "2024Q3"):
        for what in ("volume", "balance"):
            groups = [value[quarter, f"{what}.{name}"] for name in ("risk_bearing", "light", "ice", "technology")]
            assert sum(groups) == value[quarter, what]
        assert value[quarter, "loans.pay_later"] + value[quarter, "loans.other"] == value[quarter, "loans"]


def test_every_parameter_names_a_filing_a_derivation_or_a_choice(platform):
    spans = [span for each in platform.parameters.found.values() for span in each]
    assert len(spans) > 250
    for span in spans:
        assert SOURCE.match(span.source), f"{span.place}: {span.source}"
        for tag in re.findall(r"\b(S\d|P\d)\b", span.source):
            assert tag in platform.parameters.head["filings"], f"{span.place}: {tag} is not among the filings"
    for each in REPORTED:
        assert SOURCE.match(each.source), each


def test_no_outcome_is_a_parameter(platform):
    inputs = [path for path in platform.parameters.found if not path.startswith("books.")]
    assert not [path for path in inputs if re.search("balance_fen|outstanding|overdue|delinquen|charged|collection", path)]


def test_opening_balances_foot(platform):
    found = platform.parameters
    lines = found.names("books.opening_2023_thousand")
    value = {name: found.whole(f"books.opening_2023_thousand.{name}") for name in lines}
    debts, equity = lines.index("payable_to_trust_investors_current"), lines.index("parent_equity")
    assert sum(value[name] for name in lines[:debts]) == 45_818_572
    assert sum(value[name] for name in lines[debts:equity]) == 23_808_715
    assert value["parent_equity"] + value["noncontrolling_interests"] == 22_009_857


def test_funding_cost_is_the_published_cost_over_the_mean_of_the_published_balances(platform):
    found = platform.parameters
    names = ("payable_to_trust_investors_current", "payable_to_trust_investors_noncurrent", "short_term_loans")
    debt = [found.by_quarter(f"books.funding.{name}_thousand") for name in names]
    published = {"2024Q1": 155_963, "2024Q2": 161_302, "2024Q3": 146_829}
    before = "2023Q4"
    for quarter, cost in published.items():
        mean = sum(each[before] + each[quarter] for each in debt) / 2
        assert found.by_quarter("books.funding.cost_annual")[quarter] == pytest.approx(4 * cost / mean, abs=5e-5)
        before = quarter


def test_lent_by_model_is_the_driver_to_a_tenth_of_a_percent(platform, twin_world):
    model = twin_world.offer.classes.rows[twin_world.heads.class_no, Field.MODEL]
    for quarter in platform.quarters:
        within = (twin_world.heads.disbursed_on >= quarter.first_day) & (twin_world.heads.disbursed_on <= quarter.last_day)
        assert within.sum() == round(quarter.loans / SCALE)
        for each in Model:
            lent = int(twin_world.heads.principal_fen[within & (model == each)].sum()) * SCALE
            assert lent == pytest.approx(quarter.volume_fen[each], rel=1e-3, abs=200_00 * SCALE)


def test_the_borrower_price_is_about_21_6_percent(twin_world):
    rate = twin_world.offer.classes.rows[twin_world.heads.class_no, Field.RATE_ANNUAL] / RATE_SCALE
    late = twin_world.heads.disbursed_on >= twin_world.heads.disbursed_on[-1] - 270
    assert np.average(rate[late], weights=twin_world.heads.principal_fen[late]) == pytest.approx(0.216, abs=0.001)


def test_nobody_draws_after_thirty_days_past_due(twin_world):
    bad = np.full(int(twin_world.borrower.max()) + 1, NEVER, np.int64)
    np.minimum.at(bad, twin_world.borrower, twin_world.lives.bad_on)
    assert (twin_world.heads.disbursed_on <= bad[twin_world.borrower]).all()
    assert (bad < NEVER).sum() > 500


def test_drawdown_numbers_count_each_borrowers_loans(twin_world):
    order = np.lexsort((twin_world.heads.loan_no, twin_world.borrower))
    ordinal, borrower = twin_world.heads.ordinal[order], twin_world.borrower[order]
    starts = np.concatenate([[True], borrower[1:] != borrower[:-1]])
    assert (ordinal[starts] == 1).all()
    assert (np.diff(ordinal)[~starts[1:]] == 1).all()
    assert (np.diff(twin_world.heads.disbursed_on) >= 0).all()


def test_new_provisions_of_the_half_year_leave_room_for_fees(platform):
    """The split of risk-bearing volume, which nobody publishes, keeps to the published ratios and total of new provisions."""
    found = platform.parameters
    ratio = {name: found.by_name(f"books.new_provision_ratios.{name}") for name in ("loans_receivable", "contingent_liabilities")}
    half = platform.quarters[-3:-1]
    lent = {each: sum(quarter.volume_fen[each] for quarter in half) / 1e8 for each in Model}
    of_loans = ratio["loans_receivable"]["2024H1"] * lent[Model.ON_BALANCE_SHEET]
    of_guarantees = ratio["contingent_liabilities"]["2024H1"] * lent[Model.CAPITAL_HEAVY]
    total = found.by_name("books.new_provision_ratios.new_million")["2024H1"]
    assert 0 < total - of_loans - of_guarantees < 0.05 * total


def test_write_offs_and_recoveries_are_near_the_published_year(twin_world):
    """Nine months of the loan allowance's roll-forward: 2,419 written off and 469 recovered in the year 2024."""
    from loanbook.measures.evaluation import evaluate
    from loanbook.measures.measuring import measure_batches
    from loanbook.measures.space import space
    from loanbook.measures.window import window
    from loanbook.simulator.twin import batches_of
    from loanbook.terms.measure import load_measures
    from loanbook.units import day

    definitions = [each for each in load_measures() if each.name in ("charged_off", "recovered")]
    sums = {"charged_off": 0.0, "recovered": 0.0}
    batches = batches_of(twin_world)
    for quarter in ("2024Q1", "2024Q2", "2024Q3"):
        over = window(since=twin_world.scenario.first_day, as_of=day(quarter_end(quarter)))
        cells = measure_batches(batches, twin_world.offer.classes, space(twin_world.offer.classes, over))
        for row in evaluate(cells, definitions, comparisons={"current": 0}).to_pylist():
            if (row["split"], row["split_value"]) == ("model", "on_balance_sheet"):
                sums[row["measure"]] += row["numerator"] * SCALE / 1e8
    assert sums["charged_off"] == pytest.approx(0.75 * 2_419, rel=0.20)
    assert sums["recovered"] == pytest.approx(0.75 * 469, rel=0.30)


def test_the_page_shows_what_comes_out(compared):
    """docs/twin.md holds the table of `loanbook demo --scenario platform_2024`, line by line."""
    page = DOCS.read_text(encoding="utf-8")
    for line in markdown(compared.values()).splitlines():
        assert line in page, line


@pytest.fixture(scope="module")
def small_book():
    return make_twin(scenario=SCENARIO, name="twin-test", scale=SMALL, on_progress=lambda stage, done, total: None)


def test_the_book_says_what_memory_says(platform, small_book):
    ours = ours_in_memory(REPORTED, platform_world(platform, scale=SMALL), SMALL)
    assert len(ours) == len(REPORTED)
    assert {(each.reported.quarter, each.reported.item): each.ours for each in small_book.compared} == ours
    assert [close.header["as_of"] for close in small_book.closes.values()] == ["2024-03-31", "2024-06-30", "2024-09-30"]
    assert all(close.header["findings"] == [] for close in small_book.closes.values())


def test_the_command_prints_the_comparison_and_finds_its_book_again(small_book):
    arguments = ["demo", "--scenario", SCENARIO, "--scale", str(SMALL), "--book", "twin-test"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "figures are within their band" in done.output
    assert "Weighted average contractual tenor" in done.output
    assert small_book.fresh


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scenario", "platform_2023"], "there is no scenario 'platform_2023'"),
        (["--scenario", SCENARIO, "--loans", "500"], "--loans and --scenario exclude each other"),
        (["--scenario", SCENARIO, "--scale", "50000"], "a scale must lie between 1 and 20,000"),
        (["--scale", "1000"], "--scale needs a --scenario"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(arguments, words):
    with pytest.raises(RequestError, match=re.escape(words)):
        CliRunner().invoke(app, ["demo", *arguments], catch_exceptions=False)


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = (SHIPPED / f"{SCENARIO}.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "changed.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (', source: "chosen: see recover"', "", "hazards.recover_part.value has no source"),
        ("values: [14262386]", "values: [14262386, 1]", "has 2 values for 1 quarters"),
        ("2022Q2-2022Q4, values: [14400000", "2022Q4-2022Q2, values: [14400000", "Write 2024Q1 or 2022Q1-2023Q4"),
        ("quarters: 2022Q2-2022Q4, values: [14400000", "quarters: 2022Q1-2022Q3, values: [14400000", "says 2022Q1 twice"),
        ('source: "S0, footnote 3"', 'source: ""', "is empty"),
        ("  memory_days:", "  memory_day:", "has no parameter borrowers.memory_day. Did you mean borrowers.memory_days"),
        ("quarters:\n  loans:", "quarters:\n  lones:", "has no parameter quarters.lones. Did you mean quarters.loans"),
        ("    technology:                # total", "    technologies: # total", "parameter quarters.volume_million.technologies"),
        ("memory_days: {value: 420", "memory_days: {value: many", "must be a whole number, not 'many'"),
        ("first: {value: 2022-01-01", "first: {value: soon", "must be a date, not 'soon'"),
    ],
)  # fmt: skip
def test_a_faulty_scenario_says_where_and_what(tmp_path, old, new, words):
    with pytest.raises(TermsError, match=words) as caught:
        read_platform(changed(tmp_path, old, new), "changed.yaml")
    assert re.match(r"changed\.yaml:\d+: ", str(caught.value))


def test_a_figure_without_a_source_is_refused(tmp_path):
    path = tmp_path / "bare.yaml"
    path.write_text("scenario: bare\ntitle: x\nfilings: {}\nhazards:\n  miss: 0.05\n", encoding="utf-8")
    with pytest.raises(TermsError, match=r"bare.yaml:5: hazards.miss has no source"):
        read_parameters(path, "bare.yaml")


def test_a_published_figure_without_a_place_is_refused(tmp_path):
    text = (SHIPPED / f"{SCENARIO}_reported.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "reported.csv"
    path.write_text("\n".join([text[0], text[1].rsplit(",", 2)[0] + ","]) + "\n", encoding="utf-8")
    with pytest.raises(TermsError, match=r"reported.csv:2: source is empty"):
        read_reported(path)


def test_a_quarter_ends_on_its_last_day():
    assert [quarter_end(f"2024Q{number}") for number in (1, 2, 3, 4)] == [
        dt.date(2024, 3, 31), dt.date(2024, 6, 30), dt.date(2024, 9, 30), dt.date(2024, 12, 31)
    ]  # fmt: skip
