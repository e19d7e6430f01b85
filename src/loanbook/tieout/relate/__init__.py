"""Which figures derive from which: ``relate`` takes readings and gives relations, each with its verdict.

``with_concepts`` names the line item of every figure whose label a pack knows; ``read_pack`` takes a pack of one's own.
"""

from loanbook.tieout.relate.concepts import Pack, read_pack, statements_pack, with_concepts
from loanbook.tieout.relate.relating import relate

__all__ = ["Pack", "read_pack", "relate", "statements_pack", "with_concepts"]
