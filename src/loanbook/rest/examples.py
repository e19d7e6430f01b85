"""What the documentation page fills in: a body to try for every verb, and the heading that each verb and read stands under.

What only an earlier answer knows is written as `<field from /path>`; replace it. Days are today's, so that they work as is.
"""

import datetime as dt
from typing import Any

WELCOME = """\
A loan's life over HTTP: from a registration to a repaid loan.

**Try it.** Press *Authorize* and paste a key (`loanbook key create --role operator --name me`). Then, from top to bottom under
*Borrow*: `/register`, `/apply`, `/assess`, `/quote`, `/draw-down`; as the lender `/answer-offer`; as the payment provider
`/disburse` and `/repay`. Each body is filled in; where it says `<borrower_id from /register>`, put what that call answered.

* Money is whole minor units (fen): `500000` is RMB 5,000.00. Rates are decimals of one per year: `0.1199`.
* Every POST carries an `Idempotency-Key` of your choice. The same key and body get the same answer again; another body needs
  another key.
* What is refused comes as `application/problem+json` with the rule, its source and the figures.
"""

BORROW = "Borrow"
LENDERS = "Lenders"
MONEY = "Money"
COLLECTIONS = "Collections"
PERSONS = "Personal data"
VEHICLES = "Vehicles"
CONTROL = "Two persons, and what was decided"
SIGNED = "Signed messages"
OTHER = "Other"

TAGS: dict[str, tuple[str, tuple[str, ...]]] = {
    BORROW: (
        "What a borrower's app asks, in order; and what it shows.",
        (
            "register",
            "apply",
            "assess",
            "offers",
            "quote",
            "draw_down",
            "buy",
            "borrower",
            "line",
            "loan",
            "statement",
            "payment_preview",
            "borrower_lines",
            "borrower_loans",
        ),
    ),
    LENDERS: (
        "What partners answer and see: their own loans alone.",
        ("answer_offer", "open_offers", "partner_loans", "funding", "quota", "outbox", "take"),
    ),
    MONEY: (
        "What a payment provider or bank reports.",
        (
            "disburse",
            "cancel_loan",
            "repay",
            "give_back",
            "return_purchase",
            "take_statement",
            "resolve_suspense",
            "reopen_suspense",
            "cash",
        ),
    ),
    VEHICLES: (
        "Trusts, plans, guarantors: their money and what their triggers watch.",
        ("vehicle", "fund_vehicle", "publish_ratio", "guarantor", "publish_net_assets", "debt", "publish_debt"),
    ),
    COLLECTIONS: (
        "Loans past due.",
        ("record_contact", "promise", "hand_over", "recall", "collections_queue", "loan_collections", "collection_cost"),
    ),
    PERSONS: (
        "Consents, disclosures and the right to be forgotten.",
        ("give_consent", "withdraw_consent", "borrower_consents", "borrower_disclosures", "report", "erase"),
    ),
    CONTROL: (
        "What one proposes and another approves; decisions and their replay.",
        ("propose", "check", "proposal", "proposals", "decision", "borrower_decisions", "replay"),
    ),
}
"""Headings in the order of the page: what stands under each, and the names of verbs and reads."""

_TAG_OF = {name: tag for tag, (_, names) in TAGS.items() for name in names}
_LOAN = "<loan_id from /draw-down>"
_BORROWER = "<borrower_id from /register>"
_HASH = "0" * 64


def tag_of(name: str) -> str:
    """The heading of a verb or read."""
    return _TAG_OF.get(name, OTHER)


def examples(today: dt.date) -> dict[str, dict[str, Any]]:
    """Bodies to try by verb, one or several with their titles."""
    day = today.isoformat()
    return {
        "register": {
            "A consumer": {
                "kind": "consumer",
                "channel": "app_store",
                "acquisition_cost_fen": 9_900,
                "document": "110101-EXAMPLE",
                "identity": {"name": "Li Example", "telephone": "000-EXAMPLE"},
            },
            "A small business": {
                "kind": "small_business",
                "channel": "branch",
                "document": "91-EXAMPLE",
                "identity": {"name": "Workshop (example)"},
            },
        },
        "apply": {"A consumer": _application(_CONSUMER, "hunan"), "A small business": _application(_BUSINESS, "beijing")},
        "assess": {"": {"application_id": "<application_id from /apply>"}},
        "quote": {
            f"{amount:,}.00 in {count} instalments": {
                "line_id": "<line_id from /assess>",
                "product": product,
                "principal_fen": amount * 100,
                "installment_count": count,
            }
            for product, amount, count in (
                ("cash_loan", 5_000, 6),
                ("cash_loan", 20_000, 24),
                ("small_business_loan", 100_000, 12),
            )
        },
        "draw_down": {"": {"quote_id": "<quote_id from /quote>"}},
        "buy": {
            "": {
                "line_id": "<line_id from /assess>",
                "merchant": "Tea House (example)",
                "merchant_reference": "ORDER-1",
                "principal_fen": 30_000,
                "installment_count": 3,
                "total_fen": 31_500,
            }
        },
        "answer_offer": {
            "Accept": {"loan_id": _LOAN, "decision": "accept"},
            "Refuse": {"loan_id": _LOAN, "decision": "refuse", "reason": "not today"},
        },
        "disburse": {"": {"loan_id": _LOAN, "provider_reference": "OUT-1", "disbursed_on": day}},
        "cancel_loan": {"": {"loan_id": _LOAN, "reason": "the borrower's account is closed"}},
        "repay": {
            "A part": {"loan_id": _LOAN, "provider_reference": "IN-1", "amount_fen": 10_000, "paid_on": day},
            "All of it": {
                "loan_id": _LOAN,
                "provider_reference": "IN-2",
                "amount_fen": 500_000,
                "paid_on": day,
                "purpose": "payoff",
            },
        },
        "give_back": {"": {"provider_reference": "IN-1", "reason": "no funds"}},
        "return_purchase": {
            "": {
                "loan_id": "<loan_id from /buy>",
                "provider_reference": "BACK-1",
                "returned_on": day,
                "reason": "does not fit",
            }
        },
        "record_contact": {"": {"loan_id": _LOAN, "action": "call", "outcome": "reached"}},
        "promise": {"": {"loan_id": _LOAN, "amount_fen": 50_000, "due_on": (today + dt.timedelta(days=5)).isoformat()}},
        "hand_over": {"": {"loan_id": _LOAN, "agency": "Fair Wind Collections (example)"}},
        "recall": {"": {"loan_id": _LOAN, "reason": "it pays again"}},
        "take_statement": {
            "": {
                "account": "payment_provider",
                "number": "STATEMENT-1",
                "starts_on": day,
                "ends_on": day,
                "opening_fen": 0,
                "closing_fen": 10_000,
                "content": f"reference,booked_on,amount,loan_id\nIN-1,{day},100.00,{_LOAN}\n",
            }
        },
        "resolve_suspense": {"": {"item_id": "<item_id from /cash>", "loan_id": _LOAN}},
        "reopen_suspense": {"": {"item_id": "<item_id from /resolve-suspense>", "reason": "it was for another loan"}},
        "fund_vehicle": {
            "": {"vehicle": "harbour_trust_1", "into": "lending", "amount_fen": 100_000_000, "reference": "TRANSFER-1"}
        },
        "publish_ratio": {
            "": {"vehicle": "bluewater_abs_1", "ratio": "cumulative_default", "numerator": 3_000, "denominator": 100_000}
        },
        "publish_net_assets": {"": {"guarantor": "lantern_guarantee", "net_assets_fen": 100_000_000_000}},
        "publish_debt": {
            "": {
                "vehicle": "lantern_micro_lending",
                "net_assets_fen": 50_000_000_000,
                "non_standard_debt_fen": 20_000_000_000,
                "standardised_debt_fen": 0,
            }
        },
        "propose": {
            "A refund": {
                "kind": "refund",
                "subject": _LOAN,
                "content": {"amount_fen": 10_000},
                "reason": "paid twice",
            },
            "A write-off": {
                "kind": "write_off",
                "subject": _LOAN,
                "content": {"cause": "bankruptcy"},
                "reason": "the court has closed the case",
            },
        },
        "check": {"": {"proposal_id": "<proposal_id from /propose>", "content_hash": _HASH, "approve": True, "remark": "agreed"}},
        "take": {"": {"most": 10}},
        "give_consent": {"": {"borrower_id": _BORROWER, "purpose": "share_with_partner", "text_hash": _HASH}},
        "withdraw_consent": {"": {"borrower_id": _BORROWER, "purpose": "share_with_partner"}},
        "erase": {"": {"borrower_id": _BORROWER}},
    }


_CONSUMER = {
    "identity_verified": True,
    "on_fraud_list": False,
    "age_years": 35,
    "employment": "employed",
    "income_monthly_fen": 1_500_000,
    "debt_to_income": "0.2000",
    "bureau_score": 760,
    "inquiries_90_days": 1,
    "overdue_days_most": 0,
    "loans_repaid": 6,
}
_BUSINESS = {
    "legal_form": "company",
    "industry": "manufacturing",
    "registration_active": True,
    "founded_on": "2019-06-01",
    "revenue_annual_fen": 200_000_000,
    "revenue_growth": "0.1000",
    "tax_grade": "b",
    "debt_to_revenue": "0.3000",
    "litigation_open": False,
    "owner_age_years": 48,
    "owner_bureau_score": 600,
    "owner_overdue_days_most": 0,
}


def _application(inputs: dict[str, Any], province: str) -> dict[str, Any]:
    return {
        "borrower_id": _BORROWER,
        "consents": ["credit_assessment", "bureau_query"],
        "consent_text_hash": _HASH,
        "province": province,
        "inputs": inputs,
    }
