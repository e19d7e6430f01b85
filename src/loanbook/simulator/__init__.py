"""A seeded world that uses the house as a stranger would."""
