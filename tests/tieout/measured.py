"""How well releases are read and judged, template by template: `python -m tests.tieout.measured [SEEDS]`."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from loanbook.tieout.checking import tie_out
from loanbook.tieout.relation import Severity, Status
from tests.tieout.alignment import align
from tests.tieout.releases import TEMPLATES


def main() -> None:
    """A row for each template: figures, found, invented, each kind of wrong reading, ticked, findings on the clean copy."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        for template in TEMPLATES:
            counts: Counter[str] = Counter()
            examples: dict[str, str] = {}
            for seed in range(1, seeds + 1):
                release = template(seed)
                judgement = tie_out([release.save(Path(folder))])
                for pair in align(release.truths, judgement.figures):
                    counts["figures"] += pair.truth is not None
                    for name in pair.wrong():
                        counts[name] += 1
                        examples.setdefault(name, f"{pair.truth} READ {pair.figure}")
                counts["ticked"] += judgement.counts()[Status.TICKED]
                for finding in judgement.findings:
                    counts[f"finding {finding.severity.value}"] += 1
                    if finding.severity is Severity.ERROR:
                        examples.setdefault("error", finding.message)
            print(template.__name__, dict(counts))
            for name, example in examples.items():
                print(f"    {name}: {example}")


if __name__ == "__main__":
    main()
