"""What a person or a program reads of a tie-out: terminal summary, page, JSON and CSV."""
