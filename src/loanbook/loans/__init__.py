"""One credit contract and its dues: days, schedules, payments, and the account as a pure function of dated facts."""
