"""The settings of product terms: what each means, its unit, limits, default and an example.

`product_file` reads a file by this list, and `docs/reference/terms.md` is written from it; so what the page says is what is read.
"""

from loanbook.terms.conventions import Aging, DayCount, Engine, Excess, Method, MonthEnd, Payoff, Processing, Shift, Unit
from loanbook.terms.product import BORROWER_KINDS, COUNT_MOST
from loanbook.terms.setting import DAYS_MOST, DECIMALS_MOST, EVERY_MOST, Form, Setting
from loanbook.units import Rounding

IDENTITY = (
    Setting(
        name="product",
        text="Code by which loans name the product. A later version of it is another file with the same code.",
        form=Form.TEXT,
        limits="lower-case letters, digits and _; a letter first",
        needed=True,
        example="product: cash_loan",
    ),
    Setting(name="title", text="Name for people.", form=Form.TEXT, needed=True, example="title: Cash loan"),
    Setting(
        name="effective_from",
        text="First day on which loans are made under this version. Loans already made keep theirs.",
        form=Form.DATE,
        needed=True,
        example="effective_from: 2023-01-01",
    ),
    Setting(
        name="source",
        text="Who decided these terms, and where that is written.",
        form=Form.TEXT,
        limits="not empty",
        needed=True,
        example="source: product committee, minutes of 2022-12-05",
    ),
)
LENT = (
    Setting(
        name="currency",
        text="Currency of every amount. It must be that of the book.",
        form=Form.TEXT,
        limits="ISO 4217 code, three capitals",
        needed=True,
        example="currency: CNY",
    ),
    Setting(
        name="decimals",
        text="Decimals of the currency's minor unit (2: cents or fen). It must be that of the book.",
        form=Form.COUNT,
        most=DECIMALS_MOST,
        default=2,
        example="decimals: 2",
    ),
    Setting(
        name="amount",
        text="Smallest and largest loan. A loan outside them is a finding of the close; it is measured all the same.",
        form=Form.AMOUNT,
        limits="least above 0, least <= most",
        needed=True,
        example="amount: {least: 500.00, most: 200000.00}",
    ),
    Setting(
        name="installments",
        text="Numbers of instalments a loan may have: a list, or the least and the most. A down payment is not counted.",
        form=Form.LIST,
        limits=f"1 to {COUNT_MOST}, ascending; the longest loan lasts a hundred years or less",
        needed=True,
        example="installments: {least: 3, most: 24}",
    ),
    Setting(
        name="borrowers",
        text="For whom the product is: a borrower of another kind is neither offered nor quoted it.",
        form=Form.LIST,
        limits=f"each of {', '.join(BORROWER_KINDS)} at most once, one at least",
        said="any kind",
        example="borrowers: [consumer]",
    ),
    Setting(
        name="rate_annual",
        text="Contract rate: one for all loans, or limits where each loan brings its own. Fees are not part of it.",
        form=Form.RATE,
        limits="0 to 1; least <= most",
        needed=True,
        example="rate_annual: 0.2399",
    ),
    Setting(
        name="fees",
        text="What the borrower pays besides interest: each fee has a `name`, is `due` at `disbursement` or with each "
        "`installment`, and has an `amount` or a `share` of the amount lent. Fees count in the all-in rate. They are no part of "
        "the schedule: a fee that falls due comes to the account as an event `charge_added`.",
        form=Form.LIST,
        limits="one of amount and share; names differ; something is left to lend",
        said="none",
        example="fees: [{name: service, due: installment, amount: 5.00}, {name: opening, due: disbursement, share: 0.01}]",
    ),
)
REPAYMENT = (
    Setting(
        name="method",
        text="How principal comes back.",
        form=Form.WORD,
        words=Method,
        needed=True,
        example="method: equal_principal",
    ),
    Setting(
        name="interest_only_count",
        text="First instalments that carry interest alone, for method interest_only_then_level; needed there, refused elsewhere.",
        form=Form.COUNT,
        unit="instalments",
        most=COUNT_MOST,
        example="method: interest_only_then_level\ninterest_only_count: 2",
    ),
    Setting(
        name="frequency.unit",
        text="Unit of the time from one due date to the next.",
        form=Form.WORD,
        words=Unit,
        default=Unit.MONTH,
        example="frequency: {unit: week}",
    ),
    Setting(
        name="frequency.every",
        text="One instalment every so many units.",
        form=Form.COUNT,
        unit="units",
        least=1,
        most=EVERY_MOST,
        default=1,
        example="frequency: {unit: month, every: 3}",
    ),
    Setting(
        name="frequency.month_end",
        text="Where due dates stand in months of different lengths, counted from the day of disbursement.",
        form=Form.WORD,
        words=MonthEnd,
        default=MonthEnd.SAME_DAY,
        example="frequency: {unit: month, month_end: last_day}",
    ),
    Setting(
        name="down_payment",
        text="Part of each disbursement that is due on its day, as a row 0 of the schedule.",
        form=Form.SHARE,
        limits="0 to less than 1",
        said="0",
        example="down_payment: 0.25",
    ),
    Setting(
        name="grace.principal",
        text="First instalments that repay no principal; interest is due as usual.",
        form=Form.COUNT,
        unit="instalments",
        most=COUNT_MOST,
        example="grace: {principal: 2}",
    ),
    Setting(
        name="grace.interest",
        text="First instalments in which interest is earned and not collected: it falls due with the first one after them.",
        form=Form.COUNT,
        unit="instalments",
        most=COUNT_MOST,
        example="grace: {interest: 1}",
    ),
    Setting(
        name="grace.interest_free",
        text="First instalments in which no interest is earned.",
        form=Form.COUNT,
        unit="instalments",
        most=COUNT_MOST,
        example="grace: {interest_free: 1}",
    ),
)
COUNTING = (
    Setting(
        name="day_count",
        text="How days become the fraction of a year for which interest is earned.",
        form=Form.WORD,
        words=DayCount,
        needed=True,
        example="day_count: actual_365_fixed",
    ),
    Setting(
        name="rounding.rule",
        text="How amounts of the schedule are rounded to the minor unit, once a row; the last row takes what is left.",
        form=Form.WORD,
        words=Rounding,
        default=Rounding.HALF_UP,
        example="rounding: {rule: half_even}",
    ),
    Setting(
        name="rounding.installment_multiple",
        text="The regular instalment is rounded to a multiple of this; 0 for none. The last instalment takes the difference.",
        form=Form.AMOUNT,
        limits="0 up to the smallest instalment",
        said="0",
        example="rounding: {installment_multiple: 1.00}",
    ),
    Setting(
        name="rounding.smoothing",
        text="Spread the gap between the last and the regular instalment over all of them; for the level methods.",
        form=Form.FLAG,
        default=False,
        example="rounding: {smoothing: true}",
    ),
    Setting(
        name="calendar.name",
        text="Business-day calendar: `weekdays`, or a file of `terms/calendars`. It needs a shift.",
        form=Form.TEXT,
        said="none",
        example="calendar: {name: china_interbank, shift: following}",
    ),
    Setting(
        name="calendar.shift",
        text="Where a due date goes that is no business day. Interest stays with the unshifted periods; days past due count from "
        "the shifted date.",
        form=Form.WORD,
        words=Shift,
        default=Shift.NONE,
        example="calendar: {name: weekdays, shift: modified_following}",
    ),
)
PAYING = (
    Setting(
        name="waterfall",
        text="Order in which money is taken: {past due, due, in advance} x {penalty, fee, interest, principal}.",
        form=Form.LIST,
        limits="each of the twelve steps once",
        needed=True,
        example="waterfall: [past_due_penalty, past_due_fee, past_due_interest, past_due_principal, due_penalty, due_fee, "
        "due_interest, due_principal, in_advance_penalty, in_advance_fee, in_advance_interest, in_advance_principal]",
    ),
    Setting(
        name="processing",
        text="Whether the steps run instalment by instalment, oldest first, or step by step across instalments.",
        form=Form.WORD,
        words=Processing,
        default=Processing.HORIZONTAL,
        example="processing: vertical",
    ),
    Setting(
        name="excess",
        text="Where money goes once nothing is due. `fewer` and `smaller` change the schedule, so they need "
        "recalculation.follows_payments.",
        form=Form.WORD,
        words=Excess,
        default=Excess.NEXT,
        example="recalculation: {follows_payments: true}\nexcess: smaller",
    ),
    Setting(
        name="prepayment.interest",
        text="How far interest runs when a loan is paid off early. `all_scheduled` needs a schedule that stands.",
        form=Form.WORD,
        words=Payoff,
        default=Payoff.TO_DATE,
        example="prepayment: {interest: to_period_end}",
    ),
    Setting(
        name="recalculation.follows_payments",
        text="true: interest follows the principal actually outstanding, day by day; false: it is that of the schedule, whenever "
        "money comes. Not for the methods flat and listed.",
        form=Form.FLAG,
        default=False,
        example="recalculation: {follows_payments: true}",
    ),
    Setting(
        name="recalculation.engine",
        text="Which family of rules recomputes a schedule.",
        form=Form.WORD,
        words=Engine,
        default=Engine.PROGRESSIVE,
        example="recalculation: {follows_payments: true, engine: cumulative}",
    ),
    Setting(
        name="overdue_interest",
        text="Overdue principal goes on earning contract interest; needs recalculation.follows_payments.",
        form=Form.FLAG,
        default=False,
        example="recalculation: {follows_payments: true}\noverdue_interest: true",
    ),
)
ARREARS = (
    Setting(
        name="late_charge.rate_annual",
        text="Late charge on overdue principal, by days over 365, on top of any interest. Computed with the account; no event.",
        form=Form.RATE,
        limits="0 to 1",
        said="0, none",
        example="late_charge: {rate_annual: 0.18}",
    ),
    Setting(
        name="late_charge.grace_days",
        text="No late charge when an instalment is cleared within so many days; after them it counts from the due date.",
        form=Form.COUNT,
        unit="days",
        most=DAYS_MOST,
        example="late_charge: {rate_annual: 0.18, grace_days: 3}",
    ),
    Setting(
        name="arrears_tolerance",
        text="What may stay unpaid of an instalment (principal, interest, fees and penalties together) without it being in "
        "arrears: it counts no days past due. The residue is still owed and is taken from the next payment.",
        form=Form.AMOUNT,
        limits="0 to less than the smallest instalment",
        said="0",
        example="arrears_tolerance: 1.00",
    ),
    Setting(
        name="non_accrual_days",
        text="Days past due after which interest is no longer recognised as income; 0 for never. Kept with the loan for the "
        "accounts: no measure uses it.",
        form=Form.COUNT,
        unit="days past due",
        most=DAYS_MOST,
        example="non_accrual_days: 90",
    ),
    Setting(
        name="charge_off_days",
        text="Charged off when more than so many days past due (180: on day 181); 0 for never. A loan_charged_off of the source "
        "counts either way.",
        form=Form.COUNT,
        unit="days past due",
        most=DAYS_MOST,
        example="charge_off_days: 180",
    ),
    Setting(
        name="aging",
        text="How a tape that states no days past due ages; loans with payments of their own age by their instalments.",
        form=Form.WORD,
        words=Aging,
        default=Aging.CONTRACTUAL,
        example="aging: recency",
    ),
    Setting(
        name="unknown",
        text="What the source of these loans does not tell, where a mapping has to write a stand-in: origination (when loans "
        "were made), amount (how much was lent), tenor, charge_off (which loans were written off, or when). Measures and tables "
        "that need it are not measured, with this as the reason.",
        form=Form.LIST,
        limits="each of origination, amount, tenor, charge_off at most once",
        said="none",
        example="unknown: [charge_off]",
    ),
)
GROUPS = (
    ("The product", IDENTITY),
    ("What is lent, at what cost", LENT),
    ("How it comes back", REPAYMENT),
    ("Days, interest and rounding", COUNTING),
    ("Payments", PAYING),
    ("Arrears", ARREARS),
)
SETTINGS = {setting.name: setting for _, group in GROUPS for setting in group}
"""All settings by name, in the order of the page."""

NAMES = tuple(dict.fromkeys(name.partition(".")[0] for name in SETTINGS))
"""What stands at the top level of a product file."""

REQUIRED = tuple(setting.name for setting in SETTINGS.values() if setting.needed)

BLOCKS = {
    block: tuple(name.partition(".")[2] for name in SETTINGS if name.startswith(f"{block}."))
    for block in dict.fromkeys(name.partition(".")[0] for name in SETTINGS if "." in name)
}
"""Settings inside a block, by the block's name."""
