"""Accounting policies: dated YAML that says what the standards leave to the company. A later file replaces an earlier one.

policy: example
title: An example with every setting          # shares and rates are fractions of one, days are calendar days
effective_from: 2024-01-01                     # how a loan is priced is its month's policy, how it is measured the last one's
source: ...                                    # who decided it
chart: platform                                # terms/charts/NAME.csv
vat: 0.06                                      # tax inside receivables and liabilities, on the net amount
settle_days: 1                                 # the payment provider keeps what borrowers paid so long
discount_rate_annual: 0.04                     # of expected net payouts, for the fair value of a guarantee
par_value_of_a_million_shares: 70.00           # in the currency of the entity that issued them
losses:
  method: roll_rate                            # or vintage, warm
  look_back_months: 24
  thin_events: 40                              # events at which a group's own experience weighs as much as its product's
  outlook: consumer                            # terms/outlooks/NAME.yaml
  prior: {source: ..., falls_behind: 0.018, rolls: [0.45, 0.78, 0.85, 0.9, 0.92, 0.95, 1], cures: [0.4, 0.12, 0.06, 0.03, 0.02,
    0.01, 0], prepaid: 0.02, interest: 0.016, severity: 0.9}   # before loans have shown anything; may be left out
staging:                                       # IFRS 9
  stage_2_dpd: 30                              # more days past due than this: stage 2
  stage_3_dpd: 90                              # from so many on: stage 3
  cure_months: 3                               # month ends without a sign before it leaves stage 2
  cure_default_months: 3                       # before it leaves stage 3, for stage 2
  riskier_times: 3                             # also stage 2: probability of default reached so many times that at origination
  riskier_by: 0.2                              # and rose by so much
  low_risk: 0.01                               # and is more than this; may be left out
models:                                        # what a model does not name has no meaning for it, or is nothing
  on_balance_sheet:
    origination_costs: 0.01                    # deferred, of the amount lent; never more than the quarter incurred
    non_accrual_dpd: 60                        # interest accrues up to and with this many days past due
    accrual_return: below                      # again once no more than that past due; current: once nothing is past due
    accrual_catch_up: true                     # with the return the missed interest is income at once; false: as it is collected
    accrual_reverse: false                     # true: accrued interest is reversed when accrual stops
    loss_overlay: 1.2                          # factor on what the method estimates (ASC 326-20-55-4)
  capital_heavy:
    lender_rate_annual: 0.065                  # the lender's part of the borrower's rate; the rest is ours
    upfront_share: 0.70                        # facilitation's part of the price, by stand-alone selling prices
    guarantee_margin: 0.10                     # what standing ready is worth beyond expected net payouts
    compensation_dpd: 60                       # the guarantor pays on this day past due
    lost_fees: impair                          # a lost loan's fees that had fallen due are written off against an allowance
                                               # price: its price is what came in; every price expects losses, no allowance
  capital_light:
    platform_share: 0.35                       # instead of lender_rate_annual: our part of the interest
    upfront_share: 0.70
    lost_fees: impair
  referral:
    fee_of_principal: 0.026                    # of the amount lent, owed by the partner
    confirm_days: 30                           # until the partner confirms it
    collect_days: 60                           # until it pays
  technology: {fee_of_principal: 0.004, confirm_days: 30, collect_days: 60}
  technology_discontinued: {fee_of_principal: 0.003, confirm_days: 30, collect_days: 60}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loanbook import units
from loanbook.errors import RequestError
from loanbook.terms.conventions import Model
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.loss_prior import LossPrior, loss_prior
from loanbook.terms.product import PPM, text_hash
from loanbook.units import RATE_SCALE

FOLDER = Path(__file__).parent / "policies"
DAYS_MOST = 3_650
MONTHS_MOST = 120
OVERLAY_MOST = 10
METHODS = ("roll_rate", "vintage", "warm")
_SHARES = ("origination_costs", "upfront_share", "guarantee_margin", "platform_share", "fee_of_principal")
_ACCRUALS = ("accrual_catch_up", "accrual_reverse")
RETURNS = ("below", "current")
LOST_FEES = ("impair", "price")
_DAYS = ("non_accrual_dpd", "compensation_dpd", "confirm_days", "collect_days")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPolicy:
    """What a policy says of the loans of one business model; a figure that has no meaning for a model is 0.

    origination_costs_ppm   deferred costs of making a loan, of the amount lent; a quarter defers no more than it incurred
    lender_rate_annual      the lender's part of the borrower's rate, `units.RATE_SCALE`-ths; the rest is the platform's
    platform_share_ppm      instead: the platform's part of the interest
    upfront_share_ppm       stand-alone selling price of facilitation, of the services' price
    guarantee_margin_ppm    what standing ready is worth beyond expected net payouts
    fee_of_principal_ppm    a fee of the amount lent
    non_accrual_dpd         interest accrues up to and with this many days past due
    accrual_return          below: it accrues again once it is no more than that past due; current: once nothing is
    accrual_catch_up        with the return, interest of the days without accrual is income at once; else as it is collected
    accrual_reverse         accrued interest not collected is reversed when accrual stops; else it stays
    lost_fees               impair: a lost loan's fees that had fallen due are written off against an allowance; price: its price
                            is what came in, and the price of every loan expects losses (`earning_service.Loss`)
    loss_overlay_ppm        qualitative adjustment: factor on what the method estimates (ASC 326-20-55-4)
    """

    model: Model
    origination_costs_ppm: int = 0
    lender_rate_annual: int = 0
    platform_share_ppm: int = 0
    upfront_share_ppm: int = 0
    guarantee_margin_ppm: int = 0
    fee_of_principal_ppm: int = 0
    loss_overlay_ppm: int = PPM
    non_accrual_dpd: int = DAYS_MOST
    accrual_return: str = "below"
    accrual_catch_up: bool = True
    accrual_reverse: bool = False
    lost_fees: str = "impair"
    compensation_dpd: int = DAYS_MOST
    confirm_days: int = 0
    collect_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountingPolicy:
    """One dated policy; `hash` is the SHA-256 of its `text`; `prior` stands for losses that the book has not shown yet."""

    code: str
    title: str
    effective_from: int
    source: str
    chart: str
    vat_ppm: int
    settle_days: int
    discount_rate_annual: int
    method: str
    look_back_months: int
    thin_events: int
    outlook: str
    prior: LossPrior | None
    stage_2_dpd: int
    stage_3_dpd: int
    cure_months: int
    cure_default_months: int
    riskier_relative_ppm: int
    riskier_absolute_ppm: int
    low_risk_ppm: int
    par_per_million_fen: int
    models: Mapping[Model, ModelPolicy]
    hash: str
    text: str


def load_policies(code: str, day: int, folder: Path = FOLDER) -> tuple[AccountingPolicy, ...]:
    """Every version of a policy that came into force by a day, oldest first; the last one holds.

    raises   TermsError with path:line; RequestError when there is none
    """
    found = [policy for policy in map(read_policy, sorted(folder.glob("*.yaml"))) if policy.code == code]
    held = sorted((policy for policy in found if policy.effective_from <= day), key=lambda policy: policy.effective_from)
    if not held:
        hint = (
            ""
            if folder == FOLDER
            else " It stands instead of the shipped ones: add a version from an earlier day, or remove the folder."
        )
        raise RequestError(f"there is no accounting policy {code!r} in force on {units.date(day)} in {folder}.{hint}")
    return tuple(held)


def read_policy(path: Path) -> AccountingPolicy:
    """The policy in one YAML file; raises TermsError with path:line."""
    name = f"{path.parent.name}/{path.name}"
    return parse_policy(read_text(path, name), name)


def parse_policy(text: str, name: str) -> AccountingPolicy:
    """The policy in a text, as it is archived with a period; raises TermsError with name:line."""
    names = (
        "policy",
        "title",
        "effective_from",
        "source",
        "chart",
        "vat",
        "settle_days",
        "discount_rate_annual",
        "losses",
        "staging",
        "par_value_of_a_million_shares",
        "models",
    )
    fields = parse_located(text, name).fields("an accounting policy", names, names)
    losses_names = ("method", "look_back_months", "thin_events", "outlook")
    losses = fields["losses"].fields("losses", (*losses_names, "prior"), losses_names)
    staging = _staging(fields["staging"])
    models = {model.name.lower(): model for model in Model}
    return AccountingPolicy(
        code=fields["policy"].text("policy"),
        title=fields["title"].text("title"),
        effective_from=fields["effective_from"].date("effective_from"),
        source=fields["source"].text("source"),
        chart=fields["chart"].text("chart"),
        vat_ppm=_share(fields["vat"], "vat"),
        settle_days=fields["settle_days"].whole("settle_days", 0, DAYS_MOST),
        discount_rate_annual=fields["discount_rate_annual"].scaled("discount_rate_annual", RATE_SCALE, "0.04"),
        method=losses["method"].choice("method", METHODS),
        look_back_months=losses["look_back_months"].whole("look_back_months", 3, 120),
        thin_events=losses["thin_events"].whole("thin_events", 0, PPM),
        outlook=losses["outlook"].text("outlook"),
        prior=loss_prior(losses["prior"]) if "prior" in losses else None,
        par_per_million_fen=fields["par_value_of_a_million_shares"].scaled("par_value_of_a_million_shares", 100, "70.00"),
        models={
            models[name]: _model(models[name], item) for name, item in fields["models"].fields("models", models, models).items()
        },
        hash=text_hash(text),
        text=text,
        **staging,
    )


def _staging(item: Located) -> dict[str, int]:
    days, months = ("stage_2_dpd", "stage_3_dpd"), ("cure_months", "cure_default_months")
    risks = ("riskier_times", "riskier_by", "low_risk")
    fields = item.fields("staging", (*days, *months, *risks), (*days, *months, *risks[:2]))
    found = {name: fields[name].whole(name, 0, DAYS_MOST) for name in days}
    found |= {name: fields[name].whole(name, 1, MONTHS_MOST) for name in months}
    if found["stage_2_dpd"] >= found["stage_3_dpd"]:
        raise item.wrong("stage_2_dpd must lie below stage_3_dpd.")
    found["riskier_relative_ppm"] = fields["riskier_times"].scaled("riskier_times", PPM, "3")
    if found["riskier_relative_ppm"] < PPM:
        raise fields["riskier_times"].wrong("risk that has increased is at least 1 times what it was.")
    found["riskier_absolute_ppm"] = _share(fields["riskier_by"], "riskier_by")
    found["low_risk_ppm"] = _share(fields["low_risk"], "low_risk") if "low_risk" in fields else 0
    return found


def _model(model: Model, item: Located) -> ModelPolicy:
    fields = item.fields(
        model.name.lower(), (*_SHARES, *_DAYS, *_ACCRUALS, "accrual_return", "lost_fees", "lender_rate_annual", "loss_overlay")
    )
    if "lender_rate_annual" in fields and "platform_share" in fields:
        raise item.wrong("give lender_rate_annual or platform_share: both say how interest is shared.")
    given: dict[str, Any] = {f"{name}_ppm": _share(fields[name], name) for name in _SHARES if name in fields}
    given |= {name: fields[name].whole(name, 0, DAYS_MOST) for name in _DAYS if name in fields}
    if "lender_rate_annual" in fields:
        given["lender_rate_annual"] = fields["lender_rate_annual"].scaled("lender_rate_annual", RATE_SCALE, "0.065")
    if "loss_overlay" in fields:
        given["loss_overlay_ppm"] = fields["loss_overlay"].scaled("loss_overlay", PPM, "1.2")
        if not 0 < given["loss_overlay_ppm"] <= OVERLAY_MOST * PPM:
            raise fields["loss_overlay"].wrong(f"loss_overlay must lie above 0 and at most at {OVERLAY_MOST}.")
    given |= {name: fields[name].flag(name) for name in _ACCRUALS if name in fields}
    if "accrual_return" in fields:
        given["accrual_return"] = fields["accrual_return"].choice("accrual_return", RETURNS)
    if "lost_fees" in fields:
        given["lost_fees"] = fields["lost_fees"].choice("lost_fees", LOST_FEES)
    return ModelPolicy(model=model, **given)


def _share(item: Located, what: str) -> int:
    found = item.scaled(what, PPM, "0.06")
    if not 0 <= found <= PPM:
        raise item.wrong(f"{what} must lie between 0 and 1.")
    return found
