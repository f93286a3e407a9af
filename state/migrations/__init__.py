"""Alembic's environment and one file per revision; carried by the wheel."""
