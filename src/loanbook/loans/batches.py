"""Batches of loans as columns: what the projection stores and the decoders read.

All arrays of a batch are aligned by loan and sorted by (disbursed_on, class_no, loan_no). A list column is flat with
`*_offsets` (loans + 1,) int64: the part of loan i lies in [offsets[i], offsets[i + 1]). Days are int32, `units.NEVER` for none.
"""

from dataclasses import dataclass

from loanbook.units import Ints

NO_BALANCE = -(1 << 62)
"""A reported balance that is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The terms classes of a book and the names behind their codes.

    rows       (classes, contract.FIELDS) int64, one contract row per terms class
    products   names by Field.PRODUCT code; segments, vehicles, partners likewise; models are `conventions.Model`
    """

    rows: Ints
    products: tuple[str, ...]
    segments: tuple[str, ...]
    vehicles: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Columns every batch has.

    loan_no          (loans,) int64, dense number of the loan in its book
    class_no         (loans,) int32, row of `Classes.rows`
    principal_fen    (loans,) int64, disbursed first (reported loans: originally lent)
    disbursed_on     (loans,) int32 day
    first_due_on     (loans,) int32 day, NEVER: one period after disbursement
    installment_fen  (loans,) int64, the level instalment the contract fixes; 0: computed from terms
    ordinal          (loans,) int32, the borrower's drawdown number, 1 for the first ever, 0 unknown
    """

    loan_no: Ints
    class_no: Ints
    principal_fen: Ints
    disbursed_on: Ints
    first_due_on: Ints
    installment_fen: Ints
    ordinal: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactBatch(Head):
    """Loans whose instalments were each paid in full on one day, in order, up to a full early settlement or today.

    settled_on      (loans,) int32, the day all remaining principal was repaid ahead of schedule; NEVER
    late_offsets    (loans + 1,) int64
    late_days       (instalments paid,) int16, days after (before, if negative) the adjusted due date
    """

    settled_on: Ints
    late_offsets: Ints
    late_days: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class IrregularBatch(Head):
    """Loans that carry their facts; the account kernel decodes them.

    fact_offsets (loans + 1,) int64; fact_kind int8 (`FactKind`), fact_on and fact_recorded_on int32, fact_amount and
    fact_detail int64, sorted within a loan by (on, kind, event id)
    listed_offsets (loans + 1,) int64; the listed schedule of loans of method LISTED: due_on int32, money int64
    """

    fact_offsets: Ints
    fact_kind: Ints
    fact_on: Ints
    fact_recorded_on: Ints
    fact_amount: Ints
    fact_detail: Ints
    listed_offsets: Ints
    listed_due_on: Ints
    listed_principal: Ints
    listed_interest: Ints
    listed_fee: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedBatch(Head):
    """Loans of a tape that starts mid-life and reports balances: measured as reported.

    opened_on (loans,) int32 cut-off; opened_balance (loans,) int64; opened_dpd (loans,) int32, -1 unknown
    position_offsets (loans + 1,) int64; per period: on int32 (its last day), recorded_on int32, balance int64 (NO_BALANCE: not
    reported), principal, paid, recovered, liquidation int64 (0 where null), dpd int32 (-1 not reported)
    """

    opened_on: Ints
    opened_balance: Ints
    opened_dpd: Ints
    position_offsets: Ints
    position_on: Ints
    position_recorded_on: Ints
    position_balance: Ints
    position_principal: Ints
    position_paid: Ints
    position_recovered: Ints
    position_liquidation: Ints
    position_dpd: Ints
