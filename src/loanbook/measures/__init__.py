"""Ratios of sums of cells: what a book of loans comes to on a day, each figure dated, defined and traceable to its loans."""
