"""What the auditor holds against quotas: the sums of the offers that it heard of."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from loanbook.services.caller import Caller
from loanbook.simulator.play.known import KnownLoan
from loanbook.simulator.play.talk import Talk

AUDITOR = Caller(caller_id="independent auditor", role="auditor")


def compare_quotas(
    talk: Talk,
    mandates: Sequence[str],
    loans: Iterable[KnownLoan],
    today: dt.date,
    same: Callable[[str, str, object, object], None],
) -> None:
    """Look up the quotas of mandates and compare them; none may be above its cap or missing."""
    sums: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    for loan in loans:
        if loan.reserved is not None:
            partner, day = loan.reserved
            which = 0 if loan.state == "offered" else 1
            for scope in ("total", f"day:{day}", f"province:{loan.line.province}", f"grade:{loan.line.grade}"):
                sums[partner][scope][which] += loan.principal_fen
    for mandate in mandates:
        said = talk.look("quota", mandate, AUDITOR)
        known = sums[said.answer.get("partner", "")]
        for row in said.answer.get("scopes", ()):
            place, found = f"quota {mandate} {row['scope']}", [row["reserved_fen"], row["confirmed_fen"]]
            same(place, "reserved and confirmed", found, known.get(row["scope"], [0, 0]))
            same(place, "what is used above its cap", max(sum(found) - row["cap_fen"], 0), 0)
        shown = {row["scope"] for row in said.answer.get("scopes", ())}
        for scope in ("total", f"day:{today}"):
            if scope in known and scope not in shown:
                same(f"quota {mandate} {scope}", "what is kept", "nothing", known[scope])
