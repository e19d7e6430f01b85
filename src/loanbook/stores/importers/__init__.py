"""Loan tapes to events: a declared mapping, readers of CSV, Parquet and ABS-EE XML, conversion on columns, quarantine."""
