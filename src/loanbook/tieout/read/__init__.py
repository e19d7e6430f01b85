"""Reading: a file becomes a document of blocks, and a document its figures.

``read_document`` takes text, Markdown, HTML, CSV and PDF; ``read_figures`` finds every number, tells figures from dates,
names and marks, and says of each figure its value, precision, unit, scale, currency, period and rules.
"""

from loanbook.tieout.read.figures import read_figures
from loanbook.tieout.read.files import document_of, read_document
from loanbook.tieout.read.limits import Limits

__all__ = ["Limits", "document_of", "read_document", "read_figures"]
