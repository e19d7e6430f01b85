"""After the drawdown: overdue loans collected, partners compensated and settled, statements of others reconciled."""
