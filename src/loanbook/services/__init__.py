"""The verbs: thin; they own transactions and locks."""
