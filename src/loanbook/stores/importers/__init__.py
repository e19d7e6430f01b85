"""From somebody else's tape to events: mappings, parsers, quarantine."""
