"""Naive twin of the books, second part: what a loan of each model has come to by a close, figure by figure."""

import datetime as dt
from fractions import Fraction

from tests.reference.journal import Figure, Life, State, exact, half_up, less, money, of, percent, tax_in, unamortised


def share_of(life: Life) -> Fraction:
    """Our part of what the borrower pays as interest."""
    if "lender_rate" in life.own:
        return 1 - exact(life.own["lender_rate"]) / life.annual_rate
    return exact(life.own.get("platform_share", 0))


def fee_total(life: Life) -> int:
    return half_up(sum(row.interest for row in life.rows) * share_of(life))


def guarantee_total(life: Life) -> int:
    if life.model != "capital_heavy":
        return 0
    payouts = exact(life.estimates["net_payout_at_inception"])
    worth = half_up(life.lent * payouts * (1 + exact(life.own["guarantee_margin"])))
    return min(worth, fee_total(life))


def parts_of(life: Life, interest: int) -> tuple[int, int]:
    """Of interest collected: our fee for services, and for the guarantee."""
    fees = half_up(interest * share_of(life))
    guarantee = min(half_up(Fraction(fees * guarantee_total(life), fee_total(life) or 1)), guarantee_total(life))
    return fees - guarantee, guarantee


def on_balance_sheet(at: State) -> dict[str, Figure]:
    life, vat = at.life, exact(at.life.policy["vat"])
    found: dict[str, Figure] = {}
    stop, why = at.day, ""
    limit = int(life.own["non_accrual_dpd"])
    seen = min(at.day, at.lost_on) if at.lost_on else at.day
    late = [row for number, row in enumerate(life.rows) if not at.cleared(number, seen)]
    if late and (seen - late[0].due_on).days > limit:
        stop, why = late[0].due_on.fromordinal(late[0].due_on.toordinal() + limit), f" (accrual stopped, {limit} days past due)"
    if at.is_repaid:
        earned = Figure(fen=at.collected, how=f"{money(at.collected)} collected, repaid")
    else:
        accrued = at.accrued(min(stop, seen))
        earned = Figure(fen=max(accrued.fen, at.collected if why or at.is_lost else 0), how=accrued.how + why)
    tax = tax_in(earned, vat)
    found["interest_net"], found["interest_vat"] = less(earned, tax), tax
    unpaid = earned.fen - at.collected
    costs = of(life.lent, exact(life.own["origination_costs"]))
    found["costs_deferred"] = costs
    lost_costs = 0
    for basis, prepaid in (("us_gaap", Fraction(0)), ("ifrs", exact(life.estimates["prepaid_a_month"]))):
        if at.is_repaid:
            found[f"costs_amortised_{basis}"] = Figure(fen=costs.fen, how=f"all of {money(costs.fen)}: the loan is repaid")
            continue
        # A charge-off settles what was amortised, by the contractual life on both bases.
        left, words = left_of(at, unamortised(life, Fraction(0) if at.is_lost else prepaid), min(stop, seen))
        kept = half_up(costs.fen * left)
        found[f"costs_amortised_{basis}"] = Figure(
            fen=costs.fen - kept, how=f"{money(costs.fen)} less {percent(left)} left ({words}) = {money(costs.fen - kept)}"
        )
        lost_costs = kept
    found["interest_lost"] = Figure(fen=unpaid if at.is_lost else 0, how=f"accrued {money(unpaid)} and not collected")
    lost_costs = lost_costs if at.is_lost else 0
    found["costs_lost"] = Figure(fen=lost_costs, how=f"{money(costs.fen)} deferred, {money(lost_costs)} of it not amortised")

    owed = at.balance + max(unpaid, 0)
    stage = at.stage()
    for basis in ("us_gaap", "ifrs"):
        name = "lifetime_loss" if basis == "us_gaap" or stage > 1 else "twelve_month_loss"
        if at.is_lost:
            lost = at.balance + unpaid + lost_costs
            total = lost - at.recovered
            how = f"written off {money(lost)} less recovered {money(at.recovered)} = {money(total)}"
            found[f"loan_provision_{basis}"] = Figure(fen=total, how=how)
        elif at.is_repaid:
            found[f"loan_provision_{basis}"] = Figure(fen=0, how="repaid: 0.00")
        else:
            rate = of(owed, life.rate(name, at.bucket))
            told = f"owed {money(at.balance)} + {money(unpaid)}, {at.bucket}"
            told += f", stage {stage}" if basis == "ifrs" else ""
            found[f"loan_provision_{basis}"] = Figure(fen=rate.fen, how=f"{told}: {rate.how}")
    return found


def left_of(at: State, table: list[Fraction], stop: dt.date) -> tuple[Fraction, str]:
    """What is left of deferred costs: by instalments, between two due dates by days; nothing moves after accrual stopped."""
    until = min(at.day, stop)
    place = sum(row.due_on <= until for row in at.life.rows)
    left = table[place]
    if place == len(at.life.rows):
        return left, "the term is over"
    since = at.life.rows[place - 1].due_on if place else at.life.opened_on
    days, of_days = (until - since).days, (at.life.rows[place].due_on - since).days
    words = f"{percent(table[place])} after {place} instalments, {percent(table[place + 1])} after the next, {days}/{of_days} on"
    return left - (left - table[place + 1]) * Fraction(days, of_days), words


def services(at: State, last: dt.date | None) -> dict[str, Figure]:
    """Facilitation and servicing fees of a partner's loan, and for a guaranteed one what the guarantee comes to."""
    life, vat = at.life, exact(at.life.policy["vat"])
    found: dict[str, Figure] = {}
    total = fee_total(life)
    collected = half_up(at.collected * share_of(life))
    fees, _ = parts_of(life, at.collected)
    lifetime, collectable = (life.rate(name, at.bucket) for name in ("lifetime_loss", "collectable"))
    impairs = life.own.get("lost_fees", "impair") == "impair"
    coming = min(collectable + lifetime, Fraction(1)) if impairs else collectable
    fees_expected, why = collected + half_up((total - collected) * coming), ""
    how = f"price {money(collected)} + {money(total - collected)} x {percent(coming)}"
    if at.has_ended:
        fees_expected, why = collected, " (what came in)"
        how = f"price {money(collected)}"
        if at.is_lost and at.lost_on and impairs:
            fell_due = half_up(sum(row.interest for row in life.rows if row.due_on <= at.lost_on) * share_of(life))
            fees_expected, why = max(fees_expected, fell_due), f" (what had fallen due by {at.lost_on})"
            how = f"price {money(fees_expected)}"
    of_guarantee = half_up(Fraction(guarantee_total(life) * fees_expected, total))
    amount = fees_expected - of_guarantee
    if of_guarantee:
        how += "" if at.has_ended else f" = {money(fees_expected)}"
        how += f", less the guarantee's {money(of_guarantee)}"
    price = Figure(fen=amount, how=f"{how}{why}" if how.endswith(money(amount)) else f"{how} = {money(amount)}{why}")
    part = exact(life.own["upfront_share"])
    upfront = Figure(fen=half_up(price.fen * part), how=f"{price.how}; x {percent(part)}")
    rest = price.fen - upfront.fen
    days = at.elapsed
    if at.has_ended and fees_expected == collected:
        over = Figure(fen=rest, how=f"{price.how}; the rest {money(rest)}, all")
    else:
        if at.is_lost and at.lost_on:
            days = min((at.lost_on - life.opened_on).days, at.term)
        amount = half_up(Fraction(rest * days, at.term))
        if at.is_lost:
            amount = max(amount, fees - upfront.fen)
        over = Figure(fen=amount, how=f"{price.how}; the rest {money(rest)} x {days}/{at.term}")
    for name, gross in (("upfront", upfront), ("over_time", over)):
        tax = tax_in(gross, vat)
        found[f"{name}_net"], found[f"{name}_vat"] = less(gross, tax), tax
    if last and last >= life.opened_on:
        # Services that were given by the last close, at the price expected now.
        days = at.term if at.repaid_on and at.repaid_on <= last else min((last - life.opened_on).days, at.term)
        earlier = Figure(
            fen=min(half_up(Fraction(rest * days, at.term)), over.fen),
            how=f"by the last close: {price.how}; the rest {money(rest)} x {days}/{at.term}",
        )
    else:
        earlier = Figure(fen=0, how="nothing by the last close")
    net = found["over_time_net"]
    net_earlier = less(earlier, tax_in(earlier, vat))
    this = Figure(fen=net.fen - net_earlier.fen, how=f"{net.how}; {money(net_earlier.fen)} of it by the last close")
    found["over_time_this_period"], found["over_time_earlier_periods"] = this, net_earlier
    asset = upfront.fen + over.fen - fees
    told = f"contract asset {money(upfront.fen)} + {money(over.fen)} - {money(fees)} collected = {money(asset)}"
    found["fee_ahead"] = Figure(fen=max(-asset, 0), how=f"{money(fees)} collected, {money(upfront.fen + over.fen)} earned")
    lost = Figure(fen=asset if at.is_lost else 0, how=told)
    tax = tax_in(lost, vat)
    bare = lost.fen - tax.fen
    found["fee_written_off_net"] = Figure(fen=bare, how=f"{told}; without tax {money(bare)}")
    found["fee_written_off_vat"] = tax
    if at.is_lost:
        found["fee_provision"] = Figure(fen=bare, how=f"{told}, without tax {money(bare)} written off")
    elif at.is_repaid or asset <= 0 or not impairs:
        found["fee_provision"] = Figure(fen=0, how=f"{told}: no allowance")
    else:
        bare = half_up(asset / (1 + vat))
        held = of(bare, lifetime)
        found["fee_provision"] = Figure(fen=held.fen, how=f"{told}, without tax {money(bare)}, {at.bucket}: {held.how}")
    return found


def guarantees(at: State) -> dict[str, Figure]:
    """What one guarantee comes to on both bases."""
    life, vat = at.life, exact(at.life.policy["vat"])
    found: dict[str, Figure] = {}
    total = guarantee_total(life)
    _, received = parts_of(life, at.collected)
    left = total - received
    payouts, margin = exact(life.estimates["net_payout_at_inception"]), exact(life.own["guarantee_margin"])
    found["inception"] = Figure(
        fen=total, how=f"{money(life.lent)} x {percent(payouts)} x {float(1 + margin):.6g} = {money(total)}"
    )
    days = at.term if at.has_ended else at.elapsed
    released = half_up(Fraction(total * days, at.term))
    said = f"{money(total)}, the loan has ended" if at.has_ended else f"{money(total)} x {days}/{at.term}"
    release = Figure(fen=released, how=said)
    tax = tax_in(release, vat)
    found["released_net"], found["released_vat"] = less(release, tax), tax
    open_fee = f"{money(total)} - {money(received)} collected = {money(left)}"
    lost = Figure(fen=left if at.has_ended else 0, how=open_fee)
    tax = tax_in(lost, vat)
    bare = lost.fen - tax.fen
    found["premium_written_off_net"] = Figure(fen=bare, how=f"{open_fee}; without tax {money(bare)}")
    found["premium_written_off_vat"] = tax
    collectable = life.rate("collectable", at.bucket)
    if at.has_ended:
        found["premium_provision"] = Figure(fen=bare, how=f"{open_fee}, without tax {money(bare)} written off")
        found["premium_ahead_ifrs"] = Figure(fen=0, how="the loan has ended: 0.00")
    else:
        doubtful = left - half_up(left * collectable)
        held = half_up(doubtful / (1 + vat))
        found["premium_provision"] = Figure(
            fen=held,
            how=f"{open_fee}, {at.bucket}: less {percent(collectable)} expected = {money(doubtful)}; without tax {money(held)}",
        )
        ahead = max(received - released, 0)
        found["premium_ahead_ifrs"] = Figure(
            fen=ahead, how=f"received {money(received)}; earned {said} = {money(released)}; ahead {money(ahead)}"
        )
    found |= contingent(at, found["premium_ahead_ifrs"].fen)
    return found


def payout(at: State) -> Figure:
    """What the guarantor pays the lender: principal, and the lender's interest up to the day."""
    assert at.lost_on is not None
    owed = lenders_interest(at, at.accrued(at.lost_on))
    return Figure(fen=at.balance + owed.fen, how=f"principal {money(at.balance)} + {owed.how}")


def lenders_interest(at: State, accrued: Figure) -> Figure:
    share = 1 - share_of(at.life)
    lenders = accrued.fen - half_up(accrued.fen * (1 - share))
    had = at.collected - half_up(at.collected * (1 - share))
    owed = max(lenders - had, 0)
    return Figure(fen=owed, how=f"interest of the lender ({accrued.how}) x {percent(share)} - {money(had)} = {money(owed)}")


def contingent(at: State, ahead: int) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    if at.is_lost:
        paid = payout(at).fen
        total = Figure(
            fen=paid - at.recovered,
            how=f"paid out {money(paid)} less recovered {money(at.recovered)} = {money(paid - at.recovered)}",
        )
        return {
            "contingent_us_gaap": total,
            "contingent_ifrs": total,
            "exposure": Figure(fen=0, how="nothing guaranteed any more"),
        }
    if at.is_repaid:
        none = Figure(fen=0, how="repaid: 0.00")
        return {"contingent_us_gaap": none, "contingent_ifrs": none, "exposure": none}
    owed = lenders_interest(at, at.accrued(at.day))
    exposed = at.balance + owed.fen
    told = f"{money(at.balance)} + {owed.how}"
    lifetime = of(exposed, at.life.rate("lifetime_loss", at.bucket))
    found["contingent_us_gaap"] = Figure(fen=lifetime.fen, how=f"{told}; {at.bucket}: {lifetime.how}")
    stage = at.stage()
    rate = at.life.rate("lifetime_loss" if stage > 1 else "twelve_month_loss", at.bucket)
    staged = of(exposed, rate)
    amount = max(staged.fen - ahead, 0)
    found["contingent_ifrs"] = Figure(
        fen=amount, how=f"stage {stage}: {staged.how}, less {money(ahead)} received ahead = {money(amount)}"
    )
    found["exposure"] = Figure(fen=at.balance, how="principal outstanding")
    return found


def flat_fee(at: State) -> dict[str, Figure]:
    """A partner's fee for a loan: earned when it is made, confirmed and paid later."""
    life, vat = at.life, exact(at.life.policy["vat"])
    fee = of(life.lent, exact(life.own["fee_of_principal"]))
    tax = tax_in(fee, vat)
    age = (at.day - life.opened_on).days
    found = {"flat_net": less(fee, tax), "flat_vat": tax}
    for name in ("confirm", "collect"):
        days = int(life.own[f"{name}_days"])
        found[f"flat_{name}"] = Figure(fen=fee.fen if age >= days else 0, how=f"{money(fee.fen)}, {days} days after the drawdown")
    return found


def figures(at: State, last: dt.date | None) -> dict[str, Figure]:
    """All cumulative figures of a loan at a close that are posted on its day."""
    if at.day < at.life.opened_on:
        return {}
    model = at.life.model
    if model == "on_balance_sheet":
        return on_balance_sheet(at)
    if model in ("capital_heavy", "capital_light"):
        return services(at, last) | (guarantees(at) if model == "capital_heavy" else {})
    return flat_fee(at)
