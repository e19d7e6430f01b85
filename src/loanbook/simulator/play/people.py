"""Strangers: who they are, by which channel they come, what they tell when they apply. Made up, and recognisable as such."""

import math
from dataclasses import dataclass
from typing import Any

from loanbook.simulator.play.lots import Lot, Lots
from loanbook.simulator.play.setting import Channel, Setting
from loanbook.units import date

_POPULOUS = (
    ("guangdong", 12.6), ("shandong", 10.1), ("henan", 9.8), ("jiangsu", 8.5), ("sichuan", 8.4), ("hebei", 7.4), ("hunan", 6.6),
    ("zhejiang", 6.6), ("anhui", 6.1), ("hubei", 5.8), ("guangxi", 5.0), ("yunnan", 4.7), ("jiangxi", 4.5), ("liaoning", 4.2),
    ("shaanxi", 4.0), ("shanghai", 2.5), ("beijing", 2.2), ("tianjin", 1.4), ("xinjiang", 2.6), ("tibet", 0.4),
)  # fmt: skip
"""Provinces and roughly their people, in tens of millions."""
_INDUSTRIES = (
    ("trade", 0.34),
    ("manufacturing", 0.18),
    ("services", 0.2),
    ("catering", 0.13),
    ("transport", 0.09),
    ("farming", 0.05),
    ("mining", 0.01),
)
_WORK = (("employed", 0.70), ("self_employed", 0.22), ("retired", 0.03), ("student", 0.03), ("none", 0.02))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One stranger.

    number    place in the world, the key of the draws
    quality   standard deviations above others; shows in what the bureau knows, and in how months go
    """

    number: int
    kind: str
    channel: Channel
    quality: float
    province: str
    arrives_on: int


def people_of(setting: Setting, lots: Lots) -> list[Person]:
    """Everybody who will register, by day; fewer on days on which people borrow less."""
    days = range(setting.first_day, setting.first_day + setting.days)
    upto, total = [], 0.0
    for on in days:
        total += setting.wish(on)
        upto.append(total)
    found, place = [], 0
    for number in range(setting.borrowers):
        # One draw in each of equal parts of the whole, so that arrivals are spread like the wishes.
        at = (number + lots.chance(Lot.ARRIVAL, number)) / setting.borrowers * total
        while upto[place] < at:
            place += 1
        channel = setting.channels[lots.pick(Lot.CHANNEL, number, 0, [each.share for each in setting.channels])]
        found.append(
            Person(
                number=number,
                kind="small_business" if lots.chance(Lot.PERSON, number, 0) < setting.business_share else "consumer",
                channel=channel,
                quality=lots.bell(Lot.PERSON, number, 1) + channel.quality,
                province=_POPULOUS[lots.pick(Lot.PERSON, number, 4, [share for _, share in _POPULOUS])][0],
                arrives_on=days[place],
            )
        )
    return found


def registration(person: Person) -> dict[str, Any]:
    """What they register with."""
    return {
        "kind": person.kind,
        "channel": person.channel.name,
        "acquisition_cost_fen": person.channel.cost_fen,
        "document": f"EXAMPLE-{person.number:08d}",
        "identity": {"name": f"Person {person.number} (example)", "telephone": f"000-{person.number:08d}"},
    }


def application(person: Person, borrower_id: str, on: int, repaid: int, lots: Lots) -> dict[str, Any]:
    """What they tell when they apply for a line on a day; `repaid` loans of ours they have behind them."""
    told = _consumer(person, repaid, lots) if person.kind == "consumer" else _business(person, on, lots)
    return {
        "borrower_id": borrower_id,
        "consents": ["credit_assessment", "bureau_query", "partner_disclosure"],
        "consent_text_hash": "0" * 64,
        "province": person.province,
        "inputs": told,
    }


def _feature(person: Person, lots: Lots, number: int, loading: float) -> float:
    """A feature in standard deviations: partly the person's quality, partly its own noise."""
    return loading * person.quality + math.sqrt(1.0 - loading * loading) * lots.bell(Lot.FEATURE, person.number, number)


def _consumer(person: Person, repaid: int, lots: Lots) -> dict[str, Any]:
    key = person.number
    told = {
        "identity_verified": lots.chance(Lot.FEATURE, key, 100) < 0.98,
        "on_fraud_list": lots.chance(Lot.FEATURE, key, 101) < 0.004,
        "age_years": round(min(max(34 + 9 * lots.bell(Lot.FEATURE, key, 1), 17), 68)),
        "employment": _WORK[lots.pick(Lot.FEATURE, key, 102, [share for _, share in _WORK])][0],
        "income_monthly_fen": int(round(8_000_00 * 2.718 ** (0.5 * _feature(person, lots, 2, 0.35)), -4)),
        "inquiries_90_days": max(round(2.5 - 1.8 * _feature(person, lots, 3, 0.5)), 0),
        "loans_repaid": repaid,
        "debt_to_income": f"{min(max(0.32 - 0.16 * _feature(person, lots, 4, 0.5), 0.0), 2.0):.4f}",
    }
    if lots.chance(Lot.FEATURE, key, 103) < 0.9:
        told["bureau_score"] = round(min(max(645 + 75 * _feature(person, lots, 5, 0.8), 300), 850))
        worst = _feature(person, lots, 6, 0.6)
        told["overdue_days_most"] = 0 if worst > -0.6 else round(-22 * (worst + 0.4))
    return told


def _business(person: Person, on: int, lots: Lots) -> dict[str, Any]:
    key = person.number
    founded = on - max(round(1_900 + 1_200 * _feature(person, lots, 1, 0.3)), 90)
    told = {
        "legal_form": ("company", "sole_trader", "partnership")[lots.pick(Lot.FEATURE, key, 104, (0.6, 0.32, 0.08))],
        "industry": _INDUSTRIES[lots.pick(Lot.FEATURE, key, 105, [share for _, share in _INDUSTRIES])][0],
        "registration_active": lots.chance(Lot.FEATURE, key, 106) < 0.99,
        "founded_on": date(founded).isoformat(),
        "revenue_annual_fen": int(round(1_200_000_00 * 2.718 ** (0.9 * _feature(person, lots, 2, 0.4)), -4)),
        "revenue_growth": f"{max(0.08 + 0.2 * _feature(person, lots, 3, 0.5), -0.9):.4f}",
        "debt_to_revenue": f"{min(max(0.30 - 0.15 * _feature(person, lots, 4, 0.5), 0.0), 3.0):.4f}",
        "litigation_open": lots.chance(Lot.FEATURE, key, 107) < 0.02,
        "owner_age_years": round(min(max(41 + 8 * lots.bell(Lot.FEATURE, key, 5), 20), 70)),
        "owner_bureau_score": round(min(max(655 + 70 * _feature(person, lots, 6, 0.8), 300), 850)),
    }
    grade = _feature(person, lots, 7, 0.6)
    told["tax_grade"] = "a" if grade > 0.9 else "b" if grade > -0.3 else "m" if grade > -1.0 else "c" if grade > -2.3 else "d"
    return told
