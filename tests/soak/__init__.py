"""Long runs against the online store; a short one of each is in the suite."""
