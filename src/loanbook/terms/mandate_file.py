"""Reading mandates from YAML: every setting, its limits, and what to write instead.

mandate: heron_bank_guaranteed       # code; a later version is another file with the same code
title: Heron Bank (example), loans that we guarantee
effective_from: 2024-01-01           # effective_until: last day, where it ends
source: ...
model: capital_heavy
partner: heron_bank                  # who decides on each loan
currency: CNY
eligibility:
  products: [cash_loan]
  installments: [3, 6, 12]
  amount: {least: 500.00, most: 50000.00}
  rate_annual: {least: 0.10, most: 0.24}
  borrower_kinds: [consumer]
  grades: [A, B]
  provinces: all                     # a list, or {except: [...]}
  age: {least: 22, most: 55}         # where the partner asks for it
price: {coupon_annual: 0.065}        # funding_cost_annual where our own vehicles fund
fees: [{name: referral, payer: heron_bank, payee: platform, share: 0.01}]
quota: {day: 5000000.00, total: 500000000.00}
concentration: {province: 0.30, grade: 0.60, borrower: 200000.00}
guarantee: {guarantor: our_guarantor, compensation_dpd: 60, cap: 0.08, deposit: 0.01}
settlement: {every: business_day, lag_days: 1, calendar: china_interbank}
decision: {within_seconds: 5, ask_again_seconds: 60, expires_seconds: 86400}   # pay_out_within_days: 30
vehicles:
  heron_bank: {consolidated: false, lender: bank}
  our_guarantor: {consolidated: true}
  platform: {consolidated: true}
funding:                             # each component adds up to 1
  origination:
    principal: {heron_bank: 1}
    interest: {heron_bank: 1}
    fee: {platform: 1}
    loss: {our_guarantor: 1}
  compensation: ...                  # who holds what once the guarantor has paid
"""

import re
from pathlib import Path

from loanbook.terms.calendar import calendar_names
from loanbook.terms.currency import currency_of
from loanbook.terms.loading import Located, parse_located, read_text
from loanbook.terms.mandate import (
    COMPONENTS,
    MODEL_BOUNDS,
    MODELS,
    PAY_OUT_DAYS,
    PROVINCES,
    SHARES_WHOLE,
    SHIPPED,
    Answering,
    Component,
    Concentration,
    Eligibility,
    Guarantee,
    Holder,
    Mandate,
    Settlement,
    Stage,
    Transfer,
    ordered,
)
from loanbook.terms.product import BORROWER_KINDS, COUNT_MOST, text_hash
from loanbook.terms.rate_cap import LENDERS
from loanbook.terms.setting import DAYS_MOST, DECIMALS_MOST
from loanbook.units import MONEY_MAX, RATE_SCALE, date, format_money

_CODE = re.compile(r"[a-z][a-z0-9_]*")
_GRADE = re.compile(r"[A-Za-z0-9_+-]{1,20}")
_REQUIRED = (
    *("mandate", "title", "effective_from", "source", "model", "partner", "currency", "eligibility", "price", "quota"),
    *("settlement", "decision", "vehicles", "funding"),
)
_OPTIONAL = ("effective_until", "decimals", "fees", "concentration", "guarantee", "investigation_report")
_ELIGIBLE = ("products", "installments", "amount", "rate_annual", "borrower_kinds", "grades", "provinces")
_EVERY = ("business_day", "week", "month")
_LIMITS = ("least", "most")
_DECIMALS = 2
_AGE_MOST = 120
_LAG_MOST = 60
_SECONDS_MOST = 30 * 86_400
_HOLDERS_MOST = 16
_FEES_MOST = 6
_FIXED_MOST = 1_000_000
"""Fees, and a fixed one a loan in minor units: more would not fit the worth of the smallest loan into 64 bits."""
_QUOTA_MOST = MONEY_MAX // 1_000
"""Quotas stay far below the largest int64, so that adding to one cannot wrap."""


def read_mandate(path: Path, shown: str | None = None, products: tuple[str, ...] | None = None) -> Mandate:
    """The mandate of a file.

    products   the codes it may name; None: any
    raises     TermsError: ``path:line:``, what is wrong, what to write instead
    """
    name = shown or str(path)
    return parse_mandate(read_text(path, name), name, products)


def mandates_in(folder: Path = SHIPPED, products: tuple[str, ...] | None = None) -> tuple[Mandate, ...]:
    """All versions of all mandates in a folder's *.yaml, by code and date; one file is one version. Raises as `read_mandate`."""
    paths = sorted(folder.glob("*.yaml"))
    return ordered([read_mandate(path, f"terms/{folder.name}/{path.name}", products) for path in paths])


def parse_mandate(text: str, name: str, products: tuple[str, ...] | None = None) -> Mandate:
    """The mandate of a YAML text; `name` is what messages call it."""
    items = parse_located(text, name).fields("a mandate", (*_REQUIRED, *_OPTIONAL), _REQUIRED)
    decimals = items["decimals"].whole("decimals", 0, DECIMALS_MOST) if "decimals" in items else _DECIMALS
    begins = items["effective_from"].date("effective_from")
    until = items["effective_until"].date("effective_until") if "effective_until" in items else None
    if until is not None and until < begins:
        raise items["effective_until"].wrong(f"effective_until lies before effective_from ({date(begins)}). Swap them.")
    holders = _holders(items["vehicles"])
    names = tuple(holder.vehicle for holder in holders)
    model = items["model"].choice("model", MODELS)
    guarantee = _guarantee(items["guarantee"], names) if "guarantee" in items else None
    day, total = _quota(items["quota"], decimals)
    price = items["price"].fields("price", ("coupon_annual", "funding_cost_annual"), ("coupon_annual",))
    mandate = Mandate(
        code=_matched(items["mandate"], "mandate", _CODE, "lower-case letters, digits and _, e.g. heron_bank_guaranteed"),
        title=_words(items["title"], "title"),
        place=name,
        hash=text_hash(text),
        source=_words(items["source"], "source"),
        effective_from=begins,
        effective_until=until,
        model=model,
        partner=items["partner"].choice("partner", names),
        currency=currency_of(items["currency"]),
        decimals=decimals,
        eligibility=_eligibility(items["eligibility"], decimals, products),
        coupon_annual=_rate(price["coupon_annual"], "price.coupon_annual"),
        funding_cost_annual=_rate(price["funding_cost_annual"], "price.funding_cost_annual")
        if "funding_cost_annual" in price
        else 0,
        transfers=_transfers(items["fees"], names, decimals) if "fees" in items else (),
        quota_day_fen=day,
        quota_total_fen=total,
        concentration=_concentration(items.get("concentration"), total, decimals),
        guarantee=guarantee,
        settlement=_settlement(items["settlement"]),
        answering=_answering(items["decision"]),
        holders=holders,
        funding=_funding(items["funding"], names),
        investigation_report=items["investigation_report"].flag("investigation_report")
        if "investigation_report" in items
        else False,
    )
    _consistent(items, mandate)
    return mandate


def _consistent(items: dict[str, Located], mandate: Mandate) -> None:
    """Refuse what contradicts itself: model against shares, lenders against principal, guarantee against losses."""
    funding, where = mandate.funding[Stage.ORIGINATION], items["funding"]
    for component, (least, most) in MODEL_BOUNDS[mandate.model].items():
        ours = mandate.consolidated_ppm(component)
        if not least <= ours <= most:
            bound = "nothing" if most == 0 else "some part"
            raise where.wrong(
                f"model {mandate.model} means that consolidated vehicles hold {bound} of {component.name.lower()} at "
                f"origination; here they hold {_shown_share(ours)}. Change the model or the shares."
            )
    for holder, share in zip(mandate.holders, funding[Component.PRINCIPAL], strict=True):
        if bool(holder.lender) != (share > 0):
            words = (
                f"lends {_shown_share(share)} of each loan. Write its lender type" if share else "lends nothing. Remove lender"
            )
            raise items["vehicles"].wrong(f"vehicle {holder.vehicle} {words} ({', '.join(LENDERS)}).")
    if mandate.funding_cost_annual and not mandate.consolidated_ppm(Component.PRINCIPAL):
        raise items["price"].wrong("funding_cost_annual is what our own vehicles pay, and they fund nothing here. Remove it.")
    ours_lose = mandate.consolidated_ppm(Component.LOSS) > mandate.consolidated_ppm(Component.PRINCIPAL)
    if ours_lose and mandate.guarantee is None:
        raise where.wrong("our vehicles bear losses of loans that they do not fund: that needs a guarantee. Write guarantee.")
    if mandate.is_joint and mandate.consolidated_ppm(Component.LOSS) != mandate.consolidated_ppm(Component.PRINCIPAL):
        funded, lost = (_shown_share(mandate.consolidated_ppm(of)) for of in (Component.PRINCIPAL, Component.LOSS))
        raise where.wrong(
            f"our vehicles fund {funded} of each loan and bear {lost} of its loss. Of a loan lent jointly every lender bears the "
            "loss of its own part: what one bears of another's is a guarantee, and no loan is booked as both. Write the same "
            "shares for principal and loss."
        )
    if (mandate.guarantee is None) != (Stage.COMPENSATION not in mandate.funding):
        words = "says who holds the claim once a guarantor has paid"
        instead = "Write funding.compensation" if mandate.guarantee else "Write a guarantee, or remove it"
        raise where.wrong(f"funding.compensation {words}; it goes with a guarantee. {instead}.")
    if mandate.investigation_report and mandate.model != "referral":
        raise items["investigation_report"].wrong("an investigation report is handed over under model referral. Remove it.")


def _shown_share(ppm: int) -> str:
    return f"{ppm / SHARES_WHOLE:.4%}"


def _matched(item: Located, what: str, pattern: re.Pattern[str], words: str) -> str:
    text = item.text(what)
    if not pattern.fullmatch(text):
        raise item.wrong(f"{what} must be {words}; got {item.shown}.")
    return text


def _words(item: Located, what: str) -> str:
    text = item.text(what).strip()
    if not text:
        raise item.wrong(f"{what} is empty. Write who decided this mandate and where that is written.")
    return text


def _rate(item: Located, what: str) -> int:
    number = item.scaled(what, RATE_SCALE, "0.065")
    if not 0 <= number <= RATE_SCALE:
        raise item.wrong(f"{what} must be a fraction of one per year from 0 to 1; got {item.value}. Write, e.g., 0.065.")
    return number


def _share(item: Located, what: str) -> int:
    number = item.scaled(what, SHARES_WHOLE, "0.3")
    if not 0 <= number <= SHARES_WHOLE:
        raise item.wrong(f"{what} must be a fraction from 0 to 1; got {item.value}. Write, e.g., 0.3.")
    return number


def _money(item: Located, what: str, decimals: int, least: int = 1, most: int = _QUOTA_MOST) -> int:
    number = item.scaled(what, 10**decimals, "500.00")
    if not least <= number <= most:
        limits = f"{format_money(least, decimals)} to {format_money(most, decimals)}"
        raise item.wrong(f"{what} must be an amount of {limits}; got {item.value}.")
    return number


def _named(item: Located, what: str, pattern: re.Pattern[str], words: str) -> tuple[str, ...]:
    names = tuple(_matched(entry, what, pattern, words) for entry in item.items(what))
    return _once(item, what, names)


def _once(item: Located, what: str, names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) != len(names):
        raise item.wrong(f"{what} must be a list without repetition; got {', '.join(names) or 'nothing'}.")
    return names


def _eligibility(item: Located, decimals: int, known: tuple[str, ...] | None) -> Eligibility:
    items = item.fields("eligibility", (*_ELIGIBLE, "age"), _ELIGIBLE)
    products = _named(items["products"], "products", _CODE, "product codes, e.g. cash_loan")
    if known is not None:
        for entry in items["products"].items("products"):
            entry.choice("products", known)
    amount = items["amount"].fields("amount", _LIMITS, _LIMITS)
    least, most = (_money(amount[name], f"amount.{name}", decimals) for name in _LIMITS)
    rates = items["rate_annual"].fields("rate_annual", _LIMITS, _LIMITS)
    lowest, highest = (_rate(rates[name], f"rate_annual.{name}") for name in _LIMITS)
    for name, (low, high), block in (("amount", (least, most), amount), ("rate_annual", (lowest, highest), rates)):
        if low > high:
            raise block["least"].wrong(f"{name}.least exceeds {name}.most ({block['most'].value}). Swap them.")
    counts = tuple(entry.whole("installments", 1, COUNT_MOST) for entry in items["installments"].items("installments"))
    if not counts or list(counts) != sorted(set(counts)):
        raise items["installments"].wrong("installments must be different numbers in ascending order. Write, e.g., [3, 6, 12].")
    kinds = tuple(entry.choice("borrower_kinds", BORROWER_KINDS) for entry in items["borrower_kinds"].items("borrower_kinds"))
    ages = None
    if "age" in items:
        limits = items["age"].fields("age", _LIMITS, _LIMITS)
        youngest = limits["least"].whole("age.least", 0, _AGE_MOST)
        ages = youngest, limits["most"].whole("age.most", youngest, _AGE_MOST)
    return Eligibility(
        products=products,
        counts=counts,
        amount_least_fen=least,
        amount_most_fen=most,
        rate_least=lowest,
        rate_most=highest,
        borrower_kinds=_once(items["borrower_kinds"], "borrower_kinds", kinds),
        grades=_named(items["grades"], "grades", _GRADE, "grades of a strategy, e.g. A"),
        provinces=_provinces(items["provinces"]),
        ages=ages,
    )


def _provinces(item: Located) -> tuple[str, ...]:
    if item.value == "all":
        return PROVINCES
    without = isinstance(item.value, dict)
    listed = item.fields("provinces", ("except",), ("except",))["except"] if without else item
    names = _once(listed, "provinces", tuple(entry.choice("provinces", PROVINCES) for entry in listed.items("provinces")))
    return tuple(name for name in PROVINCES if (name in names) != without)


def _transfers(item: Located, names: tuple[str, ...], decimals: int) -> tuple[Transfer, ...]:
    transfers = []
    for entry in item.items("fees"):
        parts = entry.fields("a fee", ("name", "payer", "payee", "share", "amount"), ("name", "payer", "payee"))
        if ("share" in parts) == ("amount" in parts):
            raise entry.wrong("a fee needs either share (of the principal) or amount (a loan). Write one of them.")
        payer, payee = (parts[side].choice(f"a fee's {side}", names) for side in ("payer", "payee"))
        if payer == payee:
            raise parts["payee"].wrong(f"{payer} would pay itself. Name two vehicles.")
        transfers.append(
            Transfer(
                name=_matched(parts["name"], "a fee's name", _CODE, "lower-case letters, digits and _"),
                payer=payer,
                payee=payee,
                share_ppm=_share(parts["share"], "a fee's share") if "share" in parts else 0,
                amount_fen=_money(parts["amount"], "a fee's amount", decimals, 1, _FIXED_MOST) if "amount" in parts else 0,
            )
        )
    if len(transfers) > _FEES_MOST:
        raise item.wrong(f"a mandate has at most {_FEES_MOST} fees; got {len(transfers)}. Put some together.")
    _once(item, "names of fees", tuple(transfer.name for transfer in transfers))
    return tuple(transfers)


def _quota(item: Located, decimals: int) -> tuple[int, int]:
    items = item.fields("quota", ("day", "total"), ("day", "total"))
    day, total = (_money(items[name], f"quota.{name}", decimals) for name in ("day", "total"))
    if day > total:
        raise items["day"].wrong(f"quota.day exceeds quota.total ({items['total'].value}). Write a smaller one.")
    return day, total


def _concentration(item: Located | None, total: int, decimals: int) -> Concentration:
    items = item.fields("concentration", ("province", "grade", "borrower")) if item is not None else {}
    shares = {
        name: total * _share(items[name], f"concentration.{name}") // SHARES_WHOLE if name in items else None
        for name in ("province", "grade")
    }
    for name, amount in shares.items():
        if amount == 0:
            raise items[name].wrong(f"concentration.{name} leaves no room at all. Write a fraction of the total quota, e.g. 0.3.")
    return Concentration(
        province_fen=shares["province"],
        grade_fen=shares["grade"],
        borrower_fen=_money(items["borrower"], "concentration.borrower", decimals) if "borrower" in items else None,
    )


def _guarantee(item: Located, names: tuple[str, ...]) -> Guarantee:
    items = item.fields("guarantee", ("guarantor", "compensation_dpd", "cap", "deposit"), ("guarantor", "compensation_dpd"))
    return Guarantee(
        guarantor=items["guarantor"].choice("guarantee.guarantor", names),
        compensation_dpd=items["compensation_dpd"].whole("guarantee.compensation_dpd", 1, DAYS_MOST),
        cap_ppm=_share(items["cap"], "guarantee.cap") if "cap" in items else None,
        deposit_ppm=_share(items["deposit"], "guarantee.deposit") if "deposit" in items else 0,
    )


def _settlement(item: Located) -> Settlement:
    names = ("every", "lag_days", "calendar")
    items = item.fields("settlement", names, names)
    return Settlement(
        every=items["every"].choice("settlement.every", _EVERY),
        lag_days=items["lag_days"].whole("settlement.lag_days", 0, _LAG_MOST),
        calendar=items["calendar"].choice("settlement.calendar", calendar_names()),
    )


def _answering(item: Located) -> Answering:
    names = ("within_seconds", "ask_again_seconds", "expires_seconds")
    items = item.fields("decision", (*names, "pay_out_within_days"), names)
    within = items["within_seconds"].whole("decision.within_seconds", 1, _SECONDS_MOST)
    again = items["ask_again_seconds"].whole("decision.ask_again_seconds", 1, _SECONDS_MOST)
    expires = items["expires_seconds"].whole("decision.expires_seconds", 1, _SECONDS_MOST)
    if expires < within:
        raise items["expires_seconds"].wrong(f"a reservation would expire before the partner answers ({within} s). Write more.")
    days = PAY_OUT_DAYS
    if "pay_out_within_days" in items:
        days = items["pay_out_within_days"].whole("decision.pay_out_within_days", 1, DAYS_MOST)
    return Answering(within_seconds=within, ask_again_seconds=again, expires_seconds=expires, pay_out_within_days=days)


def _holders(item: Located) -> tuple[Holder, ...]:
    found = []
    for code, entry in sorted(item.names("vehicles").items()):
        parts = entry.fields(f"vehicle {code}", ("consolidated", "lender"), ("consolidated",))
        if not _CODE.fullmatch(code):
            raise entry.wrong(f"a vehicle's code must be lower-case letters, digits and _; got {code!r}.")
        lender = parts["lender"].choice("lender", LENDERS) if "lender" in parts else ""
        found.append(Holder(vehicle=code, consolidated=parts["consolidated"].flag("consolidated"), lender=lender))
    if not 1 <= len(found) <= _HOLDERS_MOST:
        raise item.wrong(f"vehicles must name 1 to {_HOLDERS_MOST} of them; got {len(found)}.")
    return tuple(found)


def _funding(item: Located, names: tuple[str, ...]) -> dict[Stage, tuple[tuple[int, ...], ...]]:
    stages = item.fields("funding", [stage.value for stage in Stage], [Stage.ORIGINATION.value])
    return {Stage(stage): _components(entry, f"funding.{stage}", names) for stage, entry in stages.items()}


def _components(item: Located, what: str, names: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    items = item.fields(what, COMPONENTS, COMPONENTS)
    rows = []
    for component in COMPONENTS:
        shares = items[component].fields(f"{what}.{component}", names)
        row = {name: _share(share, f"{what}.{component}.{name}") for name, share in shares.items()}
        if sum(row.values()) != SHARES_WHOLE:
            raise items[component].wrong(
                f"the shares of {what}.{component} add up to {sum(row.values()) / SHARES_WHOLE:.6f}. They must add up to 1."
            )
        rows.append(tuple(row.get(name, 0) for name in names))
    return tuple(rows)
