"""Will this run compile kernels first? A user who waits should know what for."""

from loanbook.kernel import is_cached
from loanbook.loans.compaction import find_compact
from loanbook.loans.irregular import decode_irregular
from loanbook.measures.facts import measure_loan

COMPILING = "first run: compiling the kernels, one to two minutes; later runs load them"


def is_store_cold() -> bool:
    """Whether the kernel of accounts, which all that looks at the online store's loans needs, is still to be compiled."""
    return not is_cached(decode_irregular)


def is_cold() -> bool:
    """Whether one of the large kernels (compacting, decoding and measuring loans) is still to be compiled."""
    return not all(is_cached(kernel) for kernel in (find_compact, decode_irregular, measure_loan))
