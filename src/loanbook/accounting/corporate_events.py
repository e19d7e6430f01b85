"""What can happen to a company besides its loans: kinds of dated corporate events, their columns, and what they post.

Events are never edited; a wrong one is taken back (`event_reversed`) and told again under another id. Money is minor units of the
event's currency. Which accounts an amount goes to is said by posting rules (`terms/posting`), not here.
"""

from loanbook.accounting.corporate_kind import CorporateKind, Posts, columns, date, money, rate, text
from loanbook.accounting.corporate_reversals import REVERSED
from loanbook.accounting.corporate_share_kinds import SHARE_KINDS
from loanbook.events import Column

COST_LINES = (
    "facilitation_origination_and_servicing",
    "funding_costs",
    "sales_and_marketing",
    "general_and_administrative",
)
"""Cost lines that a ledger of operating costs may name; provisions are measured, never entered."""

USED_BY = ("facilitation_origination_and_servicing", "sales_and_marketing", "general_and_administrative")
"""Cost lines that use assets and are paid in shares."""

DEBTS = ("short_term_loans", "trust_units", "asset_backed_securities")
INVESTMENTS = ("short_term_investments", "equity_method", "other")
ASSETS = ("property_and_equipment", "land_use_rights", "intangible_assets", "other")
TAXES = ("income_tax", "withholding_tax", "other_tax")
SERVICES = ("referral", "technology")
ADJUSTED_BOOKS = ("core", "usgaap", "ifrs", "prc", "memo")

_AMOUNT = money("amount_fen", "Amount.", least=1)
_SIGNED = money("amount_fen", "Amount; below zero takes one back.", least=None)
_OTHER = text("counterparty", "The other side, by its name.", required=False)
_GROUP = text("counterparty", "The other entity of the group.")
_COMPANY = text("company", "The company, by its code among the group's entities.")
_DEBT = (text("debt", "Name of the borrowing."), text("line", "What it is."), _OTHER, _AMOUNT)


def _post(component: str = "amount", amount: str = "amount_fen", **more: str) -> Posts:
    return Posts(component=component, amount=amount, **more)


_BOTH = {"counterparty": "counterparty", "line": "line"}
_MIRRORED = {"entity": "counterparty", "counterparty": "entity"}


def _debt(name: str, words: str, *more: Column) -> CorporateKind:
    return CorporateKind(
        name=name,
        text=words,
        columns=(*_DEBT, *more),
        words=(("line", DEBTS),),
        posts=(_post(**_BOTH),),
    )


def _tax(name: str, words: str) -> CorporateKind:
    return CorporateKind(
        name=name,
        text=words,
        columns=(
            text("line", "Which tax."),
            date("period_ends_on", "Last day of the period it is for.", required=False),
            _SIGNED,
        ),
        words=(("line", TAXES),),
        posts=(_post(line="line"),),
    )


def _between(name: str, words: str, here: str, there: str) -> CorporateKind:
    return CorporateKind(
        name=name,
        text=words,
        columns=(_GROUP, _AMOUNT),
        differ=(("entity", "counterparty"),),
        posts=(_post(here, counterparty="counterparty"), _post(there, **_MIRRORED)),
    )


KINDS = (
    CorporateKind(
        name="cost_incurred",
        text="An operating cost of the day it was incurred, paid or not; net of input VAT.",
        columns=(
            text("line", "Cost line of the income statement."),
            text("counterparty", "The supplier.", required=False),
            _SIGNED,
            money("vat_fen", "Input VAT that can be deducted.", required=False, least=None),
        ),
        words=(("line", COST_LINES),),
        posts=(_post(**_BOTH), _post("vat", "vat_fen", **_BOTH)),
    ),
    CorporateKind(
        name="cost_paid",
        text="Money that left for operating costs.",
        columns=(text("counterparty", "The supplier.", required=False), _SIGNED),
        posts=(_post(counterparty="counterparty"),),
    ),
    CorporateKind(
        name="service_billed",
        text="A service over days that a partner is billed for, a subscription: earned straight line from starts_on to ends_on.",
        columns=(
            text("line", "What it is."),
            text("counterparty", "The partner.", required=False),
            money("amount_fen", "Without VAT; below zero: a bill, or what is left of one, taken back.", least=None),
            money("vat_fen", "Output VAT.", required=False, least=None),
            date("starts_on", "First day of the service."),
            date("ends_on", "Last day of the service."),
        ),
        words=(("line", SERVICES),),
        ordered=(("starts_on", "ends_on"),),
        posts=(_post(**_BOTH), _post("vat", "vat_fen", **_BOTH)),
        measured="service",
    ),
    CorporateKind(
        name="service_paid",
        text="Money of a partner for services billed, or given back below zero.",
        columns=(text("counterparty", "The partner.", required=False), _SIGNED),
        posts=(_post(counterparty="counterparty"),),
    ),
    CorporateKind(
        name="opening_balance",
        text="The balance of one account when the books begin, from a sourced statement.",
        columns=(
            text("book", "Which book it belongs to."),
            text("account", "Account of the chart."),
            text("counterparty", "The other entity, where the balance is between two of the group.", required=False),
            money("amount_fen", "Debit above zero, credit below.", least=None),
        ),
        words=(("book", ADJUSTED_BOOKS),),
        posts=(Posts(component_of="book", amount="amount_fen", account="account", counterparty="counterparty"),),
    ),
    *SHARE_KINDS,
    _debt(
        "debt_drawn",
        "Money borrowed.",
        date("matures_on", "Last day.", required=False),
        rate("rate_annual", "Coupon.", required=False),
    ),
    _debt("debt_repaid", "Principal of a borrowing paid back."),
    _debt("debt_interest_paid", "Interest of a borrowing paid."),
    CorporateKind(
        name="issue_cost_paid",
        text="Cost of a borrowing, spread over its life; below zero: a premium received above its principal.",
        columns=(*_DEBT[:-1], _SIGNED),
        words=(("line", DEBTS),),
        posts=(_post(**_BOTH),),
    ),
    _tax("tax_assessed", "A tax charge that is not measured from the books: an assessment, a correction of an earlier year."),
    _tax("tax_paid", "Tax paid, or refunded below zero."),
    CorporateKind(
        name="distribution_planned",
        text="Profits that entity means to pay to an owner abroad, who owes tax on them; below zero: paid, or meant no more.",
        columns=(
            text("counterparty", "The owner."),
            rate("rate_annual", "Rate of the withholding tax, of what is paid."),
            _SIGNED,
        ),
        measured="tax",
    ),
    CorporateKind(
        name="interest_earned",
        text="Interest of banks and deposits, credited.",
        columns=(_OTHER, _SIGNED),
        posts=(_post(counterparty="counterparty"),),
    ),
    CorporateKind(
        name="investment_made",
        text="Money placed in an investment.",
        columns=(text("line", "Kind of investment."), _OTHER, _AMOUNT),
        words=(("line", INVESTMENTS),),
        posts=(_post(**_BOTH),),
    ),
    CorporateKind(
        name="investment_returned",
        text="An investment paid back, sold or written down: what stood in the books, and the gain.",
        columns=(
            text("line", "Kind of investment."),
            _OTHER,
            money("amount_fen", "Carrying amount that goes."),
            money("gain_fen", "Received above it; a loss is below zero.", required=False, least=None),
        ),
        words=(("line", INVESTMENTS),),
        posts=(_post(**_BOTH), _post("gain", "gain_fen", **_BOTH)),
    ),
    CorporateKind(
        name="asset_bought",
        text="A long-lived asset paid for.",
        columns=(
            text("line", "Class of asset."),
            _OTHER,
            _AMOUNT,
            money("vat_fen", "Input VAT that can be deducted.", required=False),
        ),
        words=(("line", ASSETS),),
        posts=(_post(**_BOTH), _post("vat", "vat_fen", **_BOTH)),
    ),
    CorporateKind(
        name="depreciation_charged",
        text="Depreciation or amortisation of a period.",
        columns=(text("asset_class", "Class of asset."), text("line", "Cost line."), _SIGNED),
        words=(("asset_class", ASSETS), ("line", USED_BY)),
        posts=(Posts(component_of="asset_class", amount="amount_fen", line="line"),),
    ),
    CorporateKind(
        name="intercompany_charged",
        text="A service of one entity to another of the group; entity provides, counterparty bears.",
        columns=(_GROUP, text("line", "Cost line of who bears it."), _SIGNED),
        words=(("line", COST_LINES),),
        differ=(("entity", "counterparty"),),
        posts=(_post("provided", **_BOTH), _post("received", line="line", **_MIRRORED)),
    ),
    _between("intercompany_paid", "Entity pays counterparty what it owes within the group.", "paid", "received"),
    _between("loan_between_entities", "Entity lends to counterparty within the group.", "lent", "borrowed"),
    _between("loan_between_entities_repaid", "Counterparty pays back to entity what it lent.", "returned", "repaid"),
    _between("capital_contributed", "Entity pays capital into counterparty, a subsidiary.", "invested", "received"),
    CorporateKind(
        name="capital_from_outside",
        text="Capital that somebody outside the group pays into entity.",
        columns=(text("counterparty", "Who pays it, by name."), _AMOUNT),
        posts=(_post(counterparty="counterparty"),),
    ),
    CorporateKind(
        name="control_gained",
        text="Entity gains control of a company, on the first day of it: price paid, and fair values of the other shares.",
        columns=(
            _COMPANY,
            money("amount_fen", "Paid for the shares that bring control."),
            money("held_before_fen", "Fair value of the share held before.", required=False),
            money("noncontrolling_fen", "Fair value of the share of outsiders.", required=False),
            text("business", "yes: a business, with goodwill; no: a group of assets."),
            text("excess_to", "Of a group of assets: the account of what was bought.", required=False),
        ),
        words=(("business", ("yes", "no")),),
        differ=(("entity", "company"),),
        posts=(_post("paid", counterparty="company"),),
    ),
    CorporateKind(
        name="fair_value_acquired",
        text="An account of a company whose control is gained: fair value above its books; entity and day as of control_gained.",
        columns=(
            _COMPANY,
            text("account", "Account of the chart."),
            money("amount_fen", "Fair value less book value, debit above zero.", least=None),
        ),
        differ=(("entity", "company"),),
    ),
    CorporateKind(
        name="share_changed",
        text="Entity buys shares of a company that it controls, or sells some and keeps control; on their first day.",
        columns=(
            _COMPANY,
            money("amount_fen", "Paid for shares; below zero: what the shares sold had cost.", least=None),
            money("gain_fen", "Of a sale: received above that cost.", required=False, least=None),
        ),
        differ=(("entity", "company"),),
        posts=(_post("cost", counterparty="company"), _post("gain", "gain_fen", counterparty="company")),
    ),
    CorporateKind(
        name="control_lost",
        text="Entity sells shares of a company and no longer controls it, on the first day without control.",
        columns=(
            _COMPANY,
            money("amount_fen", "What the shares sold had cost."),
            money("gain_fen", "Received above it.", required=False, least=None),
            money("retained_fen", "Fair value of the share that is kept.", required=False),
        ),
        differ=(("entity", "company"),),
        posts=(_post("cost", counterparty="company"), _post("gain", "gain_fen", counterparty="company")),
    ),
    CorporateKind(
        name="government_grant_received",
        text="A grant of a government, received and free to use.",
        columns=(_OTHER, _SIGNED),
        posts=(_post(counterparty="counterparty"),),
    ),
    CorporateKind(
        name="deposit_paid",
        text="A security deposit paid to a third-party guarantor, or taken back below zero.",
        columns=(_OTHER, _SIGNED),
        posts=(_post(counterparty="counterparty"),),
    ),
    CorporateKind(
        name="cash_restricted",
        text="Cash put under restriction, or freed below zero.",
        columns=(_OTHER, _SIGNED),
        posts=(_post(counterparty="counterparty"),),
    ),
    CorporateKind(
        name="manual_entry",
        text="An entry made by hand and approved by another person, with a reason in `text`.",
        columns=(
            text("book", "Which book."),
            text("debit", "Account debited."),
            text("credit", "Account credited."),
            _OTHER,
            _AMOUNT,
            text("maker", "Who made it."),
            text("checker", "Who approved it."),
            date("reverses_on", "Day on which it is taken back by itself.", required=False),
        ),
        words=(("book", ADJUSTED_BOOKS),),
        differ=(("maker", "checker"), ("debit", "credit")),
        ordered=(("happened_on", "reverses_on"),),
        posts=(
            Posts(
                component_of="book",
                amount="amount_fen",
                account="debit",
                contra="credit",
                counterparty="counterparty",
                reversed_on="reverses_on",
            ),
        ),
    ),
    CorporateKind(
        name=REVERSED,
        text="An event taken back as if it had never been told, by one person and approved by another; the reason in `text`.",
        columns=(
            text("reverses", "The event_id of what is taken back; entity, currency and happened_on are its own."),
            text("maker", "Who proposed it."),
            text("checker", "Who approved it."),
        ),
        differ=(("maker", "checker"),),
    ),
    CorporateKind(
        name="fx_rate",
        text="An exchange rate: `rate` of `to_currency` for one unit of `currency`.",
        columns=(
            text("to_currency", "ISO 4217 code."),
            text("basis", "The rate of the day, or the average from it to `ends_on`."),
            rate("rate", "Units of to_currency for one unit."),
            date("ends_on", "Last day of an average.", required=False),
        ),
        words=(("basis", ("spot", "average")),),
        differ=(("currency", "to_currency"),),
        ordered=(("happened_on", "ends_on"),),
    ),
)

BY_NAME = {kind.name: kind for kind in KINDS}

__all__ = ["ADJUSTED_BOOKS", "ASSETS", "BY_NAME", "COST_LINES", "DEBTS", "INVESTMENTS", "KINDS", "SERVICES", "TAXES", "columns"]
