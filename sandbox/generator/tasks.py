"""The to-dos that reps keep for themselves: one for every twelve deals, most of them done."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from sandbox.generator.ids import hubspot_id, salesforce_id
from sandbox.generator.programme import CRMS, Opportunity, Task
from sandbox.generator.season import Season
from sandbox.generator.words import TASK_SUBJECTS


def tasks(rng: Random, deals: Sequence[Opportunity], season: Season) -> tuple[Task, ...]:
    """At least one in each CRM, ascending by creation within it."""
    rows: list[Task] = []
    for crm in CRMS:
        for n, deal in enumerate([d for d in deals if d.crm == crm][::12]):
            born = season.instant(rng, deal.created_at.date() + timedelta(days=int(rng.random() * 30)), deal.created_at)
            done = rng.random() < 0.8
            changed = season.instant(rng, born.date() + timedelta(days=int(rng.random() * 9)), born) if done else born
            rows.append(
                Task(
                    crm=crm,
                    id=salesforce_id("00T", n) if crm == "salesforce" else hubspot_id("tasks", n),
                    subject=f"{TASK_SUBJECTS[int(rng.random() * len(TASK_SUBJECTS))]} {deal.name}"[:255],
                    body="",
                    owner=deal.owner,
                    account=deal.account,
                    opportunity=deal.id,
                    due_on=born.date() + timedelta(days=2 + int(rng.random() * 14)),
                    done=done,
                    created_at=born,
                    modified_at=changed,
                )
            )
    return tuple(rows)
