"""What ties, what fails, and which figure is the likeliest culprit."""

from loanbook.tieout.judge.judging import judge

__all__ = ["judge"]
