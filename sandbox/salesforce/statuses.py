"""Keeps TaskStatus, and what its rows say of tasks, as the switch `task_statuses` has it."""

from sandbox.salesforce.loading import load
from sandbox.salesforce.org import Org


class TaskStatuses:
    """The rows of TaskStatus."""

    def __init__(self, org: Org, author: str) -> None:
        self._org = org
        self._author = author
        self._written: tuple[tuple[str, bool], ...] = ()

    def follow(self) -> None:
        """Write the rows anew where the switch has changed. A status that stays keeps its id; a task's stamps do not move."""
        statuses = self._org.switches.task_statuses
        if statuses == self._written:
            return
        with self._org.store.write(hooked=False) as db:
            ids = dict(db.execute('SELECT "ApiName", "Id" FROM "sf_TaskStatus"').fetchall())
            db.execute('DELETE FROM "sf_TaskStatus"')
            rows = [
                {
                    "Id": ids.get(label),
                    "MasterLabel": label,
                    "ApiName": label,
                    "SortOrder": number,
                    "IsClosed": closed,
                    "IsDefault": number == 1,
                }
                for number, (label, closed) in enumerate(statuses, 1)
            ]
            load(self._org, "TaskStatus", rows, self._author)
            db.executemany(
                'UPDATE "sf_Task" SET "IsClosed" = ? WHERE "Status" = ? AND "IsClosed" = ?',
                [(int(closed), label, int(not closed)) for label, closed in statuses],
            )
        self._written = statuses
