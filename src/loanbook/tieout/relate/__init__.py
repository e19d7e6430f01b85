"""Which figures derive from which: ``relate`` takes readings and gives relations, each with its verdict."""

from loanbook.tieout.relate.relating import relate

__all__ = ["relate"]
