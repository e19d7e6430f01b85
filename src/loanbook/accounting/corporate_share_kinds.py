"""What can happen to a company's shares: issues, repurchases, dividends, and awards paid in shares.

Prices and fair values are minor units per million instruments, so that a hundred-thousandth of a currency unit is exact.
"""

from loanbook.accounting.corporate_kind import CorporateKind, Posts, date, integer, money, rate, text

INSTRUMENTS = ("option", "restricted_share_unit")

_AMOUNT = money("amount_fen", "Amount.", least=1)
_SIGNED = money("amount_fen", "Amount; below zero takes one back.", least=None)

SHARE_KINDS = (
    CorporateKind(
        name="opening_shares",
        text="Shares when the books begin, beside the opening balances of equity; happened_on is their day.",
        columns=(integer("shares", "Ordinary shares issued."), integer("treasury_shares", "Of them held by the company.")),
        measured="equity",
    ),
    CorporateKind(
        name="shares_issued",
        text="New shares for cash.",
        columns=(
            integer("shares", "Ordinary shares.", least=1),
            money("amount_fen", "Proceeds."),
            money("cost_fen", "Cost of the issue, taken from paid-in capital.", required=False),
        ),
        measured="equity",
    ),
    CorporateKind(
        name="shares_repurchased",
        text="Own shares bought back and held at cost, commissions included.",
        columns=(
            integer("shares", "Ordinary shares, also where depositary shares were bought.", least=1),
            _AMOUNT,
            money("commission_fen", "Commissions.", required=False),
            text("plan", "Repurchase plan.", required=False),
        ),
        measured="equity",
    ),
    CorporateKind(
        name="repurchase_authorised",
        text="A repurchase plan that the board allows, from happened_on to `ends_on`, in the currency of the event.",
        columns=(
            text("plan", "Name of the plan, as shares_repurchased tell it."),
            date("ends_on", "Last day."),
            money("amount_fen", "What may be spent, commissions included.", least=1),
        ),
        ordered=(("happened_on", "ends_on"),),
    ),
    CorporateKind(
        name="shares_retired",
        text="Treasury shares cancelled.",
        columns=(integer("shares", "Ordinary shares.", least=1),),
        measured="equity",
    ),
    CorporateKind(
        name="dividend_declared",
        text="A dividend the board declared; happened_on is the day of declaration.",
        columns=(
            date("record_on", "Holders at the end of this day are entitled."),
            money("per_share_per_million_fen", "A share's dividend, per million shares.", least=1),
            integer("shares", "Ordinary shares entitled.", least=1),
        ),
        ordered=(("happened_on", "record_on"),),
        measured="equity",
    ),
    CorporateKind(
        name="dividend_paid",
        text="Money that left for a declared dividend.",
        columns=(text("dividend", "event_id of the declaration."), _AMOUNT),
        posts=(Posts(component="amount", amount="amount_fen"),),
    ),
    CorporateKind(
        name="reserve_appropriated",
        text="Retained earnings put into statutory reserves, or back below zero.",
        columns=(_SIGNED,),
        posts=(Posts(component="amount", amount="amount_fen"),),
    ),
    CorporateKind(
        name="grant_made",
        text="One tranche of a share-based award; a grant is all rows with its grant_id; happened_on is the grant date.",
        columns=(
            text("grant_id", "Name of the grant."),
            text("instrument", "What is granted."),
            date("vests_on", "Vesting day of the tranche."),
            integer("instruments", "Options or units of the tranche.", least=1),
            money(
                "fair_value_per_million_fen",
                "Grant-date fair value, per million instruments; without one it follows from the columns after exercise_price.",
                required=False,
            ),
            money("exercise_price_per_million_fen", "Exercise price, per million options.", required=False),
            money("share_price_per_million_fen", "Price of an ordinary share on the grant date, per million.", required=False),
            integer("expected_months", "Expected time to the exercise of an option, months.", required=False),
            rate("volatility", "Expected annual volatility of the share price.", required=False),
            rate("risk_free", "Risk-free rate, continuously compounded.", required=False),
            rate("dividend_yield", "Dividend yield, continuously compounded; empty: none.", required=False),
            date("service_from", "First day of service, if not the grant date.", required=False),
            integer("facilitation_weight", "Part of the cost for facilitation, origination and servicing.", required=False),
            integer("sales_weight", "Part for sales and marketing.", required=False),
            integer("administration_weight", "Part for general and administrative.", required=False),
        ),
        words=(("instrument", INSTRUMENTS),),
        ordered=(("happened_on", "vests_on"),),
        measured="share_based",
    ),
    CorporateKind(
        name="grant_forfeited",
        text="Unvested instruments given back by who left.",
        columns=(text("grant_id", "Name of the grant."), integer("instruments", "Options or units.", least=1)),
        measured="share_based",
    ),
    CorporateKind(
        name="grant_expired",
        text="Vested options that nobody exercised in time; the cost stays.",
        columns=(text("grant_id", "Name of the grant."), integer("instruments", "Options.", least=1)),
        measured="share_based",
    ),
    CorporateKind(
        name="grant_exercised",
        text="Options exercised, or units settled in shares.",
        columns=(
            text("grant_id", "Name of the grant."),
            integer("instruments", "Options or units.", least=1),
            integer("shares", "Ordinary shares given for them.", least=1),
            money("amount_fen", "Exercise price received.", required=False),
        ),
        measured="equity",
    ),
    CorporateKind(
        name="share_price",
        text="Average market price of an ordinary share from happened_on to `ends_on`: what options and units are diluted by.",
        columns=(
            money("price_per_million_fen", "Average price of an ordinary share (an ADS's over its ratio).", least=1),
            date("ends_on", "Last day of the period."),
        ),
        ordered=(("happened_on", "ends_on"),),
    ),
)
