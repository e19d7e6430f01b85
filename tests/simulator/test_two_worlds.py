"""The played world and the columnar one tell the same kind of lives: same roll rates in, same delinquency out.

The same loans (days, terms, borrowers' risk) live once through verbs and, with other seeds, through the columnar kernel; what is
compared are shares of loans and of instalments, against the spread that chance leaves them.
"""

import contextlib
import dataclasses
import math

import numpy as np
import pytest

from loanbook.loans.facts import FactKind
from loanbook.simulator.behaviour import live
from loanbook.simulator.histories import Heads, irregular_batch
from loanbook.simulator.play.played import play
from loanbook.simulator.play.setting import Appetite, Decisions, Provider, Statements, played_scenario, setting
from loanbook.simulator.play.store import talk_with
from loanbook.simulator.scenario import Hazards
from loanbook.stores.online.unit import connect
from loanbook.terms.catalogue import in_force, products_in
from loanbook.terms.product import contract_row
from loanbook.units import rate
from tests.online.conftest import Databases, _migrated, databases, server  # noqa: F401

SEED = 8
DAYS, AFTER = 45, 167
WORLDS = 12
"""Columnar worlds of the same loans, so that chance is left on one side only."""
SIGMAS = 3.0
"""One comparison in four hundred passes this by chance; there are three, and the seed is fixed."""


def neutral(hazards=None):
    """A world without season, stress, effort, refusals or a provider's mistakes: roll rates alone."""
    calm = (1.0,) * 12
    return dataclasses.replace(
        setting(seed=SEED, borrowers=500, days=DAYS),
        scenario=played_scenario(DAYS, hazards=hazards, stress={}),
        after=AFTER,
        draws_every=6.0,
        rounds_up=0.0,
        contacts_a_day=0,
        contact_odds=(1.0, 1.0),
        miss_by_month=calm,
        effort_by_month=calm,
        appetites={},
        other=Appetite(accepts=1.0, dawdles=0.0),
        provider=Provider(fails=0.0, closed=0.0, repeats=0.0, outages=()),
        bank=Statements(transfers=0.0),
        decisions=Decisions(bankrupt=0.0),
    )


@dataclasses.dataclass
class Lived:
    """Loans of one world: due dates, cumulative dues, and payments that stood as (day, cumulative)."""

    due_on: list
    upto: list
    paid: list

    def shares(self, horizon):
        """Never late, Day-1, 30+: each as (share, out of how many)."""
        never = day1 = dues = late30 = running = 0
        for due_on, upto, paid in zip(self.due_on, self.upto, self.paid, strict=True):
            days, sums = paid
            had = np.searchsorted(days, due_on, side="right")
            money = np.concatenate([[0], sums])[had]
            seen = due_on <= horizon
            short = (money < upto) & seen
            never += not short.any()
            before = np.concatenate([[0], upto[:-1]])
            current = (money >= before) & seen
            dues += int(current.sum())
            day1 += int((current & short).sum())
            last = np.concatenate([[0], sums])[np.searchsorted(days, horizon, side="right")]
            if last < upto[-1]:
                running += 1
                late30 += bool((due_on[upto > last] < horizon - 30).any())
        return np.array([never / len(self.due_on), day1 / dues, late30 / running]), np.array([len(self.due_on), dues, running])


def _standing(on, amount):
    order = np.argsort(on, kind="stable")
    return np.asarray(on)[order], np.cumsum(np.asarray(amount)[order])


@pytest.fixture(scope="module")
def told(databases, _migrated, tmp_path_factory):  # noqa: F811
    """The loans of a played world: those that were paid out, and what was reported for them."""
    chosen = neutral()
    name = databases.create(_migrated)
    with contextlib.closing(connect(databases.dsn(name))) as connection:
        connection.execute("SET synchronous_commit = off")
        connection.commit()
        ears = talk_with(connection, chosen.first_day, tmp_path_factory.mktemp("two"), SEED)
        ears.talk.close = lambda to: ()
        payments, gone = {}, set()

        class Ear:
            def heard(self, said):
                if said.what == "repay" and said.done:
                    payments.setdefault(said.asked["loan_id"], {})[said.asked["provider_reference"]] = said.asked
                elif said.what == "give_back" and said.done:
                    for held in payments.values():
                        held.pop(said.asked["provider_reference"], None)
                elif said.what == "return_purchase" and said.done:
                    gone.add(said.asked["loan_id"])

            def closed(self, step):
                del step

        ears.talk.listeners.append(Ear())
        played = play(chosen, ears.talk)
    databases.drop(name)
    loans = [loan for loan in played.lending.loans if loan.life is not None and loan.loan_id not in gone]
    return loans, payments


def day_of(asked):
    return (asked["paid_on"] - np.datetime64("1970-01-01").astype(object)).days


def played_lives(told, horizon):
    loans, payments = told
    lived = Lived([], [], [])
    for loan in loans:
        lived.due_on.append(np.array([due for due, _ in loan.schedule]))
        lived.upto.append(np.cumsum([amount for _, amount in loan.schedule]))
        found = sorted(payments.get(loan.loan_id, {}).values(), key=lambda asked: asked["paid_on"])
        # Who settles pays what is asked for then: less than all instalments, and owes nothing after it.
        amounts = [10**12 if each["purpose"] == "payoff" else each["amount_fen"] for each in found]
        lived.paid.append(_standing([day_of(each) for each in found], amounts))
    return lived


def columnar_lives(told, seed, horizon, hazards=None):
    loans, _ = told
    products = products_in()
    rows, class_no, numbers = [], [], {}
    for loan in loans:
        annual = rate(loan.rate_annual)
        key = loan.product, loan.count, annual
        if key not in numbers:
            numbers[key] = len(rows)
            terms = in_force(products, loan.product, loan.quoted_on)
            rows.append(contract_row(terms, rate_annual=annual, count=loan.count, model=0, segment=0))
        class_no.append(numbers[key])
    scenario = played_scenario(DAYS, hazards=hazards or plain(), stress={})
    class_no = np.array(class_no, np.int32)
    disbursed = np.array([loan.paid_out_on for loan in loans], np.int32)
    principal = np.array([loan.principal_fen for loan in loans], np.int64)
    contracts = np.array(rows)
    lives = live(
        scenario,
        seed,
        first_key=0,
        contracts=contracts,
        class_no=class_no,
        disbursed_on=disbursed,
        risk=np.array([loan.life.risk for loan in loans]),
        horizon=horizon,
    )
    heads = Heads(
        loan_no=np.arange(len(loans)),
        class_no=class_no,
        principal_fen=principal,
        disbursed_on=disbursed,
        ordinal=np.ones(len(loans), np.int32),
    )
    batch = irregular_batch(
        scenario,
        seed,
        keys=np.arange(len(loans)),
        contracts=contracts,
        heads=heads,
        lives=lives,
        chosen=np.arange(len(loans)),
        horizon=horizon,
    )
    lived = Lived([np.array([due for due, _ in loan.schedule]) for loan in loans], [], [])
    lived.upto = [np.cumsum([amount for _, amount in loan.schedule]) for loan in loans]
    for number in range(len(loans)):
        part = slice(batch.fact_offsets[number], batch.fact_offsets[number + 1])
        kind, on, amount = batch.fact_kind[part], batch.fact_on[part], batch.fact_amount[part].copy()
        back = batch.fact_detail[part][kind == FactKind.REVERSAL]
        amount[back] = 0
        amount[kind == FactKind.PAYOFF] = 10**12
        money = (kind == FactKind.PAYMENT) | (kind == FactKind.PAYOFF)
        lived.paid.append(_standing(on[money], amount[money]))
    return lived


def plain():
    """The hazards of both, without what only one of the worlds knows: cancelled and repriced loans."""
    return dataclasses.replace(Hazards(), traits=Hazards().traits[:4])


@pytest.fixture(scope="module")
def horizon():
    """A month's end, long after the last drawdown."""
    return neutral().last_day


def differences(told, horizon, hazards=None):
    """How many standard deviations the two lie apart: never late, Day-1, 30+."""
    ours, counts = played_lives(told, horizon).shares(horizon)
    others = [columnar_lives(told, 1_000 + number, horizon, hazards).shares(horizon)[0] for number in range(WORLDS)]
    theirs = np.mean(others, axis=0)
    spread = np.sqrt(theirs * (1 - theirs) / counts * (1 + 1 / WORLDS))
    return (ours - theirs) / spread, ours, theirs


def test_both_worlds_agree_in_distribution(told, horizon):
    found, ours, theirs = differences(told, horizon)
    assert len(told[0]) > 1_000
    assert 0.3 < ours[0] < 0.9
    assert (np.abs(found) < SIGMAS).all(), (found, ours, theirs)


@pytest.mark.parametrize(
    "change", [{"miss": 0.0590 * 1.4}, {"cure": (0.70, 0.052, 0.030, 0.020, 0.013, 0.010, 0.01)}], ids=["miss", "cure"]
)
def test_other_roll_rates_would_be_noticed(told, horizon, change):
    found, ours, theirs = differences(told, horizon, dataclasses.replace(plain(), **change))
    assert np.abs(found).max() > SIGMAS, (found, ours, theirs)


def test_the_shares_are_counted_as_meant():
    due_on, upto = np.array([10, 40, 70]), np.array([100, 200, 300])
    on_time = (np.array([10, 40, 70]), np.array([100, 200, 300]))
    late = (np.array([12, 40, 70]), np.array([100, 200, 300]))
    stopped = (np.array([10]), np.array([100]))
    lived = Lived([due_on] * 3, [upto] * 3, [on_time, late, stopped])
    shares, counts = lived.shares(80)
    assert counts.tolist() == [3, 8, 1]
    assert shares.tolist() == [1 / 3, 2 / 8, 1.0]
    assert math.isclose(lived.shares(71)[0][2], 1.0)
    assert lived.shares(70)[0][2] == 0.0
