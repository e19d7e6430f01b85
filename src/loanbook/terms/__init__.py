"""What was decided beforehand: conventions by name, contracts as integer rows, product terms, calendars, measure definitions."""
