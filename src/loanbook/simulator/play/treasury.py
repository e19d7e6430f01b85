"""The owner's money: what vehicles lent is put in each month, deposits are filled up when they are called."""

from dataclasses import dataclass, field
from typing import Any

from loanbook.services.caller import Caller
from loanbook.services.day_close import StepDone
from loanbook.simulator.play.talk import Heard, Talk
from loanbook.units import date

TREASURER = Caller(caller_id="treasurer of the played world", role="finance")
FUNDED = ("lantern_micro_lending", "lantern_guarantee")
"""Our own vehicles: what they lend or pay is advanced until the owner puts it in."""
ROUND_FEN = 1_000_000_00
NET_ASSETS_FEN = {"lantern_guarantee": 800_000_000_00, "cairn_guarantee": 1_200_000_000_00}


@dataclass(slots=True, kw_only=True)
class Treasury:
    """Listens for calls of deposits; acts by day."""

    talk: Talk
    _calls: dict[str, int] = field(default_factory=dict)

    def heard(self, said: Heard) -> None:
        """Nothing: the treasurer reads what it needs."""

    def closed(self, step: StepDone) -> None:
        """Note the deposits that a close calls."""
        result: Any = step.result
        if step.step == "compensation":
            self._calls = {code: amount for code, amount in result["deposit_calls_fen"].items() if amount}

    def day(self, on: int) -> None:
        """Put in what is asked for; on the first of a month what the own vehicles have advanced."""
        bodies: list[dict[str, Any]] = []
        for code, amount in sorted(self._calls.items()):
            bodies.append({"vehicle": code, "into": "deposit", "amount_fen": amount, "reference": f"call-{date(on)}"})
        self._calls = {}
        civil = date(on)
        if civil.day == 1:
            for code in FUNDED:
                said = self.talk.look("vehicle", code, TREASURER)
                if said.done and said.answer["lending_fen"] < 0:
                    amount = -(said.answer["lending_fen"] // ROUND_FEN) * ROUND_FEN
                    bodies.append({"vehicle": code, "into": "lending", "amount_fen": amount, "reference": f"owner-{civil}"})
            if civil.month % 3 == 1:
                told = [{"guarantor": code, "net_assets_fen": amount} for code, amount in sorted(NET_ASSETS_FEN.items())]
                self.talk.ask("publish_net_assets", told, TREASURER)
        self.talk.ask("fund_vehicle", bodies, TREASURER)
