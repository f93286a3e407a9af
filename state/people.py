"""Who can own records: users and owners of each org, replaced whole by every warm pull."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from partnersync.ids import Ref
from partnersync.records import Identity, Person
from state.database import Database, Fence
from state.lists import HERE
from state.schema import person


class People:
    """The people of a workspace's orgs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace(self, fence: Fence, site: Identity, people: Sequence[Person]) -> None:
        """Everyone of one org; an unchanged list writes nothing."""
        rows: list[dict[str, Any]] = [
            {
                "workspace": self._database.workspace,
                "crm": site.crm,
                "org": site.org,
                "object": each.ref.object,
                "external": each.ref.id,
                "name": each.name,
                "email": each.email,
                "active": each.active,
                "manager": each.manager_id,
            }
            for each in people
        ]
        here = (person.c.workspace == self._database.workspace, person.c.crm == site.crm, person.c.org == site.org)
        if sorted(map(str, self.everyone(site))) == sorted(map(str, people)):
            return
        with self._database.writing(fence) as open_:
            open_.execute(delete(person).where(*here))
            if rows:
                open_.execute(insert(person), rows)

    def known(self, site: Identity) -> bool:
        """Whether the people of an org were ever read."""
        with self._database.reading() as open_:
            return open_.execute(_ANYONE, self._of(site)).first() is not None

    def everyone(self, site: Identity) -> tuple[Person, ...]:
        """Everyone of one org."""
        with self._database.reading() as open_:
            return tuple(
                Person(
                    Ref(row.crm, row.org, row.object, row.external), row.name, row.email, bool(row.active), row.manager
                )
                for row in open_.execute(_EVERYONE, self._of(site))
            )

    def _of(self, site: Identity) -> dict[str, int | str]:
        return {"here": self._database.workspace, "the_crm": site.crm, "the_org": site.org}

    def of(self, site: Identity) -> Mapping[str, Person]:
        """Everyone of one org, by id and by lower-case e-mail; of two with one address an active one."""
        found: dict[str, Person] = {}
        for each in sorted(self.everyone(site), key=lambda one: (one.active, one.ref)):
            found[each.ref.id] = each
            if each.email:
                found[each.email.lower()] = each
        return found


_EVERYONE = select(person).where(
    person.c.workspace == HERE, person.c.crm == bindparam("the_crm"), person.c.org == bindparam("the_org")
)
_ANYONE = _EVERYONE.limit(1)
