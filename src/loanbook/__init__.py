"""Loanbook: from a loan application to the line it moves in a listed platform's release."""

__version__ = "0.1.0"
