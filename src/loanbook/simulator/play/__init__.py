"""A world that plays against the services as a stranger would: through verbs and reads, never through tables."""
