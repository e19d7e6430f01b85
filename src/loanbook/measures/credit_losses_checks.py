"""What an estimate is held against: what happened since (back-test), and what would change it (sensitivities)."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from loanbook import units
from loanbook.errors import RequestError
from loanbook.loans.dates import month_index
from loanbook.measures.cells import Cells
from loanbook.measures.credit_losses import estimates, modelled
from loanbook.measures.credit_losses_exposure import dense
from loanbook.measures.credit_losses_policy import LossPolicy, Shock
from loanbook.measures.credit_losses_result import EMERGENCE_MONTHS, Estimates
from loanbook.measures.credit_losses_spread import bounds
from loanbook.terms.families import VINTAGE
from loanbook.terms.outlook import Outlook
from loanbook.units import Ints

_PPM = 1_000_000
TENTH = 0.10
"""Sensitivities are told for a tenth up and down."""


def back_test(of: Estimates, exposure: Ints, later: Cells, confidence_ppm: int = 900_000) -> pa.Table:
    """What an earlier estimate expected to be charged off since, and what was, by group and (last row) in all.

    of         the estimate, as it was frozen
    exposure   (groups, 37, buckets) int64 fen it was applied to
    later      cells of a later close of the same book; groups that are new there are not compared
    returns    product, model, segment, months, expected_fen, low_fen, high_fen, charged_off_fen, recovered_fen, ratio_ppm,
               inside: charge-offs before recoveries of loans made by the earlier close, from the month after it
    raises     RequestError when the later close is not later or lacks a group
    """
    then = int(month_index(of.as_of))
    now = later.space.window.first_month + later.space.window.months - 1
    if now <= then:
        raise RequestError(f"a back-test of {units.date(of.as_of)} needs a close of a later month.")
    ahead = min(now - then, EMERGENCE_MONTHS)
    net = of.allowance_fen(exposure) * of.emergence_ppm[:, ahead - 1] // _PPM
    gross = np.rint(net * _PPM / np.maximum(of.severity_ppm, 1)).astype(np.int64)
    limits = bounds(of, gross, confidence_ppm)
    lost, back = happened(of, later)
    rows = [(*group, place) for place, group in enumerate(of.groups)] + [(None, None, None, len(of.groups))]
    all_lost, all_back = np.append(lost, lost.sum()), np.append(back, back.sum())
    return pa.table(
        {
            "product": [row[0] for row in rows],
            "model": [row[1] for row in rows],
            "segment": [row[2] for row in rows],
            "months": [ahead] * len(rows),
            "expected_fen": limits[:, 1],
            "low_fen": limits[:, 0],
            "high_fen": limits[:, 2],
            "charged_off_fen": all_lost,
            "recovered_fen": all_back,
            "ratio_ppm": [
                int(came) * _PPM // int(mid) if mid else None for came, mid in zip(all_lost, limits[:, 1], strict=True)
            ],
            "inside": (all_lost >= limits[:, 0]) & (all_lost <= limits[:, 2]),
        }
    )


def happened(of: Estimates, later: Cells) -> tuple[Ints, Ints]:
    """Charged off and recovered since an estimate's close by loans made by then: (groups,) int64 fen each, in its order."""
    place = {group: number for number, group in enumerate(later.space.groups)}
    if missing := [group for group in of.groups if group not in place]:
        raise RequestError(f"the later close has no loans of {', '.join('/'.join(group) for group in missing)}.")
    vintages = dense(later, "vintage")[[place[group] for group in of.groups]]
    size = vintages.shape[1]
    then = int(month_index(of.as_of)) - later.space.window.first_month
    made = np.arange(size)[:, None] <= then
    since = np.arange(size)[:, None] + np.arange(size)[None] > then
    chosen = vintages * (made & since)[None, :, :, None]
    columns = VINTAGE.columns
    return (
        chosen[..., columns.index("charged_off_fen")].sum(axis=(1, 2)),
        chosen[..., columns.index("recovered_fen")].sum(axis=(1, 2)),
    )


def sensitivities(
    cells: Cells,
    *,
    method: str = "roll_rate",
    policy: LossPolicy | None = None,
    outlook: Outlook | None = None,
    exposure: Ints | None = None,
    base: Estimates | None = None,
) -> pa.Table:
    """What would change the allowance: change, lifetime_fen, twelve_month_fen, lifetime_change_fen, lifetime_change_ppm.

    A tenth up and down of: the probability of default (rates scaled, at most all that severity loses), every monthly chance to
    get worse, severity, prepayment; of each scenario, its weight a tenth of all higher (the others give it in proportion), and it
    alone. The first row is the estimate itself.

    base   the estimate, where it was made before
    """
    held = modelled(cells, policy) if exposure is None else exposure

    def with_(outlook_: Outlook | None, shock: Shock | None = None) -> Estimates:
        given: dict[str, Any] = {"policy": policy, "outlook": outlook_, "exposure": held, "shock": shock, "losses_only": True}
        return estimates(cells, (method,), **given)[method]

    base = base or with_(outlook)
    found: list[tuple[str, int, int]] = [("none", *_totals(base, held))]
    for words, factor in (("+10 %", 1.0 + TENTH), ("-10 %", 1.0 - TENTH)):
        found.append((f"probability of default {words}", *_totals(scaled(base, factor), held)))
        found.append((f"monthly chances to get worse {words}", *_totals(with_(outlook, Shock(worsening=factor)), held)))
        found.append((f"severity {words}", *_totals(with_(outlook, Shock(severity=factor)), held)))
        found.append((f"prepayment {words}", *_totals(with_(outlook, Shock(prepayment=factor)), held)))
    if outlook:
        for scenario in outlook.scenarios:
            alone = _totals(with_(replace(outlook, scenarios=(replace(scenario, weight_ppm=_PPM),))), held)
            if rest := _PPM - scenario.weight_ppm:
                # An estimate is a weighted sum of its scenarios, so a weight moves it in a straight line.
                part = min(TENTH * _PPM, rest) / rest
                moved = [round(whole + (one - whole) * part) for whole, one in zip(found[0][1:], alone, strict=True)]
                found.append((f"weight of scenario {scenario.name} +10 points", moved[0], moved[1]))
            found.append((f"scenario {scenario.name} alone", *alone))
    first = found[0][1]
    return pa.table(
        {
            "change": [row[0] for row in found],
            "lifetime_fen": [row[1] for row in found],
            "twelve_month_fen": [row[2] for row in found],
            "lifetime_change_fen": [row[1] - first for row in found],
            "lifetime_change_ppm": [(row[1] - first) * _PPM // first if first else 0 for row in found],
        }
    )


def scaled(of: Estimates, factor: float) -> Estimates:
    """The estimate with every probability of default times a factor, at most certainty."""
    most = of.severity_ppm[:, None, None]

    def times(rates: Ints) -> Ints:
        return np.minimum(np.rint(rates * factor).astype(np.int64), np.maximum(rates, most))

    return replace(
        of,
        lifetime_loss_ppm=times(of.lifetime_loss_ppm),
        twelve_month_loss_ppm=times(of.twelve_month_loss_ppm),
        default_ppm=np.minimum(np.rint(of.default_ppm * factor).astype(np.int64), _PPM),
    )


def _totals(of: Estimates, exposure: Ints) -> tuple[int, int]:
    return int(of.allowance_fen(exposure).sum()), int(of.twelve_month_fen(exposure).sum())
