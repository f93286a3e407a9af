"""How we talk to a CRM: one folder per vendor behind the protocols of ``base``; no rule and no database lives here."""
