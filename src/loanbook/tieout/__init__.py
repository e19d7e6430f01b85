"""Tie-out: read the figures of a published document, derive each of them again, and say which tie.

Four rooms in the order of the work: ``read`` (a file becomes a document of blocks and its figures), ``relate`` (which figures
derive from which), ``judge`` (what ties, what fails and which figure is the likeliest culprit), ``show`` (terminal, page, JSON).
The package imports units and errors only, so it checks other issuers' documents as well as Loanbook's own release.
"""
