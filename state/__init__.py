"""What we remember: facts, credits, ledger, journal, runs and leases, on SQLite and PostgreSQL; no rule lives here."""
