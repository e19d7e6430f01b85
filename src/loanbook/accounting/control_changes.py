"""Control gained, shares changed under control, control lost: what consolidation books beside the holder's own entries.

The holder's own books carry what it paid, at cost, on its investment account with the entity as counterparty. All amounts are
positive in the direction their name says; results come back as rows whose sum is zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from loanbook.accounting.group_rows import OPENING, UNDATED, Rows, is_in, row, summed, together
from loanbook.accounting.perimeter import ACQUIRED, DISPOSED, REMEASURED, SHARE_CHANGE, Setting
from loanbook.errors import RequestError
from loanbook.terms.entity import PPM
from loanbook.units import HALF_UP, date, format_money, mul_div

ACQUISITION = "acquisition"
DISPOSAL = "disposal"
CHANGE = "share_change"

_PARTS = ("step", "rule", "entity", "counterparty", "account", "column", "posted_on", "basis", "cash_flow", "contra")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """Control of an entity is gained on a day; all amounts in the presentation currency.

    consideration_fen    paid for the shares that brought control; in the holder's investment account by that day
    held_before_fen      fair value of the share held before; 0 for none
    noncontrolling_fen   fair value of the outsiders' share
    fair_value_fen       by account: fair value less book value of what was acquired, debit positive (a deferred tax liability
                         is negative)
    business             False: a group of assets (ASC 805-50): no goodwill, the share held before keeps its carrying amount,
                         and the excess goes to `excess_to`
    adjusting            of a group that holds only the difference of two bases: goodwill of either sign (`adjustment`)
    """

    entity: str
    holder: str
    on: int
    consideration_fen: int
    held_before_fen: int
    noncontrolling_fen: int
    fair_value_fen: Mapping[str, int] = field(default_factory=dict)
    business: bool = True
    excess_to: str = ""
    adjusting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareChange:
    """The holder's share of an entity it controls changes; the first day of the new share is `on`.

    cost_fen   what the holder's investment account moved by on that day: paid, or negative: cost of the shares sold
    gain_fen   what the holder's own books took to income on a sale (proceeds less cost); consolidation moves it to paid-in
               capital
    """

    entity: str
    holder: str
    on: int
    share_before_ppm: int
    share_after_ppm: int
    cost_fen: int
    gain_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """Control of an entity is lost; `on` is the first day without it.

    retained_fen   fair value of the share that is kept; 0 for none. Its cost is what the holder's investment account still
                   carries
    """

    entity: str
    holder: str
    on: int
    retained_fen: int = 0


def adjustment(event: Acquisition | ShareChange | Disposal) -> Acquisition | ShareChange | Disposal:
    """The change as it meets the difference of two bases: shares and days alone, because prices and fair values do not differ.

    A purchase that is a bargain on one basis and goodwill on the other is no difference of one account; the reconciliation then
    refuses.
    """
    if isinstance(event, Acquisition):
        none: dict[str, Any] = {"consideration_fen": 0, "held_before_fen": 0, "noncontrolling_fen": 0, "fair_value_fen": {}}
        return replace(event, adjusting=True, **none)
    if isinstance(event, ShareChange):
        return replace(event, cost_fen=0, gain_fen=0)
    return replace(event, retained_fen=0)


def acquire(event: Acquisition, rows: Rows, made: Rows, setting: Setting) -> Rows:
    """Control gained (ASC 805-10-25-10: the share held before is remeasured through income; ASC 805-30-30-1: goodwill).

    rows    all entities' rows of the period with openings;  made  eliminations so far, the equity method among them
    return  the entity's equity and the investment out; fair values, goodwill (or a bargain purchase, a gain) and noncontrolling
            interests in; sums to zero
    raises  RequestError when the group's excess over an asset group has no account, or the investment is not in the holder's
            books
    """
    accounts = setting.accounts
    before = rows.where((rows["entity"] == event.entity) & (rows["posted_on"] < event.on))
    own = before.where(is_in(before["account"], (*setting.equity, *setting.results)))
    everything = together([rows, made])
    investment = everything.where(
        (everything["entity"] == event.holder)
        & (everything["counterparty"] == event.entity)
        & is_in(everything["account"], accounts.investments)
        & (everything["posted_on"] <= event.on)
    )
    carrying = investment.total - event.consideration_fen
    if carrying < 0 and not event.adjusting:
        raise RequestError(
            f"{event.holder} carries {format_money(investment.total)} for {event.entity} on {date(event.on)}, less than the "
            f"{format_money(event.consideration_fen)} paid. Book the purchase in its investment account."
        )
    held_before = event.held_before_fen if event.business else carrying
    worth = -own.total + sum(event.fair_value_fen.values())
    excess = event.consideration_fen + held_before + event.noncontrolling_fen - worth
    place: dict[str, Any] = {"step": ACQUISITION, "rule": event.entity, "posted_on": event.on}
    gained: dict[str, Any] = {"entity": event.holder, "counterparty": "", "column": REMEASURED, **place}
    found = [
        own.negated(step=ACQUISITION, rule=event.entity, column=ACQUIRED, posted_on=event.on),
        investment.negated(step=ACQUISITION, rule=event.entity, column=ACQUIRED, posted_on=event.on),
        row(carrying - held_before, account=accounts.gain, **gained),
        row(-event.noncontrolling_fen, account=accounts.noncontrolling, entity=event.entity, column=ACQUIRED, **place),
    ]
    for account, amount in sorted(event.fair_value_fen.items()):
        found.append(row(amount, account=setting.chart.account(account).code, entity=event.entity, column=ACQUIRED, **place))
    if not event.business:
        if excess and not event.excess_to:
            raise RequestError(
                f"{event.entity} is a group of assets and costs {format_money(excess)} more than it is worth; "
                "name the account in excess_to."
            )
        if excess:
            found.append(
                row(excess, account=setting.chart.account(event.excess_to).code, entity=event.entity, column=ACQUIRED, **place)
            )
    elif excess >= 0 or event.adjusting:
        found.append(row(excess, account=accounts.goodwill, entity=event.entity, column=ACQUIRED, **place))
    else:
        found.append(row(excess, account=accounts.gain, **gained))
    return summed(together(found), _PARTS)


def cost_of_shares(event: ShareChange, setting: Setting) -> Rows:
    """What shares bought from outsiders cost, out of the holder's investment account; `change_share` has the other side."""
    return row(
        -event.cost_fen,
        account=setting.accounts.investment,
        entity=event.holder,
        counterparty=event.entity,
        step=CHANGE,
        rule=event.entity,
        column=SHARE_CHANGE,
        posted_on=event.on,
    )


def change_share(event: ShareChange, made: Rows, setting: Setting) -> Rows:
    """A share bought or sold under control: noncontrolling interests move at their carrying amount, the rest to paid-in capital.

    made     eliminations until that day, attribution among them;  source  ASC 810-10-45-23: no gain or loss
    returns  sums to zero with `cost_of_shares`
    """
    accounts = setting.accounts
    outside = PPM - event.share_before_ppm
    if outside <= 0:
        raise RequestError(
            f"{event.entity} had no outsiders on {date(event.on)}; state the shares before and after as millionths."
        )
    carried = -made.where(
        (made["entity"] == event.entity) & (made["account"] == accounts.noncontrolling) & (made["posted_on"] < event.on)
    ).total
    moved = int(mul_div(carried, event.share_after_ppm - event.share_before_ppm, outside, HALF_UP))
    place: dict[str, Any] = {"step": CHANGE, "rule": event.entity, "column": SHARE_CHANGE, "posted_on": event.on}
    return together(
        [
            row(moved, account=accounts.noncontrolling, entity=event.entity, **place),
            row(event.gain_fen, account=accounts.gain, entity=event.holder, **place),
            row(event.cost_fen - event.gain_fen - moved, account=accounts.paid_in, entity=event.holder, **place),
        ]
    )


def dispose(event: Disposal, rows: Rows, made: Rows, setting: Setting) -> Rows:
    """Control lost (ASC 810-10-40-5): net assets, goodwill, noncontrolling interests and the translation adjustment leave.

    rows     the entity's and the holder's rows of the period;  made  all eliminations until that day
    returns  what leaves, the kept share at fair value, and the gain or loss that the holder's own books do not have; sums to
             zero. What the entity earned under control stays in results and retained earnings
    raises   RequestError when the holder's investment account still carries cost for a share that is not kept
    """
    accounts = setting.accounts
    stays = (*setting.results, accounts.retained)
    own = rows.where((rows["entity"] == event.entity) & (rows["posted_on"] < event.on) & ~is_in(rows["account"], stays))
    lasting = made.where((made["posted_on"] <= event.on) & ~is_in(made["account"], stays))
    of_entity = lasting.where(lasting["entity"] == event.entity)
    of_holder = lasting.where((lasting["entity"] == event.holder) & (lasting["counterparty"] == event.entity))
    of_holder = of_holder.where(is_in(of_holder["account"], accounts.investments))
    cost = rows.where(
        (rows["entity"] == event.holder)
        & (rows["counterparty"] == event.entity)
        & is_in(rows["account"], accounts.investments)
        & (rows["posted_on"] <= event.on)
    ).total
    if cost and not event.retained_fen:
        raise RequestError(
            f"{event.holder} still carries {format_money(cost)} for {event.entity} after {date(event.on)}. "
            "Book the sale in its books, or state the fair value of the share that is kept."
        )
    place: dict[str, Any] = {"step": DISPOSAL, "rule": event.entity, "posted_on": event.on}
    found = [
        own.negated(column=DISPOSED, **place),
        of_entity.negated(column=DISPOSED, **place),
        of_holder.negated(column=DISPOSED, **place),
        row(
            event.retained_fen - cost,
            account=accounts.equity_method,
            entity=event.holder,
            counterparty=event.entity,
            column=DISPOSED,
            **place,
        ),
    ]
    gain = -together(found).total
    found.append(row(gain, account=accounts.gain, entity=event.holder, column=DISPOSED, **place))
    return summed(together(found), _PARTS)


def opening_day(rows: Rows) -> Rows:
    """Carried eliminations as rows without a day, in the column `opening`."""
    return rows.but(column=OPENING, posted_on=UNDATED)
