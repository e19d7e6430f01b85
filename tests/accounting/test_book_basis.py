"""What a later policy changes of loans that were made before it: how they are measured, not how they were priced."""

from dataclasses import replace

from ruamel.yaml import YAML

from loanbook import units
from loanbook.accounting.basis import basis_of, last_month
from loanbook.measures.ledger_policy import Policy
from loanbook.measures.space import space
from loanbook.measures.window import window
from loanbook.terms.conventions import Model
from tests.accounting.journals import classes_of, estimates_of, inception_of, policy_of
from tests.reference.journal_book import SCENARIOS

WORDS = YAML(typ="safe").load((SCENARIOS / "journal_capital_heavy.yaml").read_text(encoding="utf-8"))


def test_a_later_policy_does_not_change_what_an_earlier_guarantee_was_worth():
    first = policy_of(WORDS)
    own = first.models[Model.CAPITAL_HEAVY]
    dearer = replace(own, guarantee_margin_ppm=500_000, loss_overlay_ppm=1_200_000, upfront_share_ppm=600_000)
    later = replace(
        first, effective_from=units.day("2024-04-01"), models={**first.models, Model.CAPITAL_HEAVY: dearer}, stage_2_dpd=20
    )
    as_of = units.day("2024-04-30")
    classes = classes_of(WORDS)
    chosen = space(classes, window(since=units.day("2024-01-15"), as_of=as_of))
    estimates = estimates_of(WORDS, chosen, as_of)
    frozen = {last_month(as_of): inception_of(WORDS, chosen, as_of, estimates)}
    basis = basis_of([first, later], classes, chosen, estimates, frozen, units.day("2024-04-01"))
    # 2.5 % x 1.20; from April on 2.5 % x 1.2 overlay x 1.50.
    assert basis.inception[0, :, 0].tolist() == [30_000, 30_000, 30_000, 45_000]
    assert basis.policy[0, :, Policy.UPFRONT_PPM].tolist() == [700_000, 700_000, 700_000, 600_000]
    # Expected losses of all loans carry the overlay in force now.
    assert basis.rates[0, 0, 3, 0] == 24_000
