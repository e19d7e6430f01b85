"""Five families of error, and the finding: one thing wrong raises, many rows return findings.

Wording: what is wrong, where, the numbers, what to do.
"""

from dataclasses import dataclass


class LoanbookError(Exception):
    """Any error that Loanbook raises on purpose; the command line prints it without a traceback."""


class TermsError(LoanbookError):
    """A terms file says something impossible. The message starts with ``path:line:``."""


class RequestError(LoanbookError):
    """What was asked for does not make sense, whatever the state of the book."""


class StateError(LoanbookError):
    """Not now: the book is not in a state in which this can be done."""


class TieError(LoanbookError):
    """Numbers that must agree do not."""


class EngineError(LoanbookError):
    """A store or an engine failed; the store is as it was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One row or figure that is not as it should be.

    place      where: file and row, or loan and date
    message    what is wrong and what to do
    value      what stands there
    expected   what should stand there, if that is known
    """

    place: str
    message: str
    value: str = ""
    expected: str = ""
