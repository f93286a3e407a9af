"""The pipelines that a new portal has."""

from __future__ import annotations

import sqlite3

import orjson

_DEAL_STAGES = (
    ("appointmentscheduled", "Appointment Scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified To Buy", "0.4"),
    ("presentationscheduled", "Presentation Scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision Maker Bought-In", "0.8"),
    ("contractsent", "Contract Sent", "0.9"),
    ("closedwon", "Closed Won", "1.0"),
    ("closedlost", "Closed Lost", "0.0"),
)
_LIFECYCLE_STAGES = (
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
)
_TICKET_STAGES = (("1", "New", "OPEN"), ("2", "Waiting on contact", "OPEN"), ("4", "Closed", "CLOSED"))

_Stage = tuple[str, str, dict[str, str]]


def insert(db: sqlite3.Connection) -> None:
    """Put the default pipelines of deals, tickets, contacts and companies into a new portal."""
    deals = [(id_, label, deal_metadata(probability)) for id_, label, probability in _DEAL_STAGES]
    tickets = [(id_, label, _state_metadata(state)) for id_, label, state in _TICKET_STAGES]
    lifecycle = [
        (id_, label, _state_metadata("CLOSED" if id_ == "other" else "OPEN")) for id_, label in _LIFECYCLE_STAGES
    ]
    _insert(db, "0-3", "default", "Sales Pipeline", deals)
    _insert(db, "0-5", "0", "Support Pipeline", tickets)
    _insert(db, "0-1", "contacts-lifecycle-pipeline", "Lifecycle Stage Pipeline", lifecycle)
    _insert(db, "0-2", "companies-lifecycle-pipeline", "Lifecycle Stage Pipeline", lifecycle)


def deal_metadata(probability: str) -> dict[str, str]:
    """Stage metadata of a deal: closed exactly where the probability is 0 or 1."""
    return {"isClosed": "true" if float(probability) in (0.0, 1.0) else "false", "probability": probability}


def _state_metadata(state: str) -> dict[str, str]:
    return {"isClosed": "true" if state == "CLOSED" else "false", "state": state}


def _insert(db: sqlite3.Connection, kind: str, pipeline: str, label: str, stages: list[_Stage]) -> None:
    db.execute("INSERT INTO hs_pipeline VALUES (?, ?, ?, 0, 0, 0, 0)", (kind, pipeline, label))
    db.executemany(
        "INSERT INTO hs_stage VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0)",
        [
            (kind, pipeline, id_, stage_label, order, orjson.dumps(metadata).decode())
            for order, (id_, stage_label, metadata) in enumerate(stages)
        ],
    )
