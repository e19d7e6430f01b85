"""IFRS 9 stages of one loan in plain Python: month end by month end, from what was seen."""

from fractions import Fraction


def stages_of(months, policy):
    """months: (dpd or None, probability now, at origination in ppm) by month end; stages, 0 where there is no loan."""
    found, stage, quiet = [], 0, 0
    for dpd, now, origin in months:
        if dpd is None:
            stage, quiet = 0, 0
            found.append(0)
            continue
        doubled = Fraction(now) >= int(Fraction(origin) * policy.relative_ppm / 1_000_000 + Fraction(1, 2))
        riskier = now > policy.low_risk_ppm and doubled and now - origin >= policy.absolute_ppm
        sign = 3 if dpd >= policy.default_dpd else 2 if dpd > policy.backstop_dpd or riskier else 1
        if stage == 0 or sign >= stage:
            stage, quiet = sign, 0
        else:
            quiet += 1
            needed = policy.cure_default_months if stage == 3 else policy.cure_months
            if quiet == needed:
                stage, quiet = stage - 1, 0
        found.append(stage)
    return found
