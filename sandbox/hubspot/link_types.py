"""HubSpot's own association types: ids, directions and names."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.hubspot.kinds import (
    CALL,
    COMPANY,
    CONTACT,
    DEAL,
    EMAIL,
    LINE_ITEM,
    MEETING,
    NOTE,
    TASK,
    TICKET,
    Kind,
)


@dataclass(frozen=True, slots=True)
class LinkType:
    """One direction of one association type."""

    type_id: int
    from_kind: str
    to_kind: str
    name: str
    label: str | None
    inverse_id: int
    custom: bool = False

    @property
    def category(self) -> str:
        return "USER_DEFINED" if self.custom else "HUBSPOT_DEFINED"


_PAIRS: tuple[tuple[Kind, Kind, int, int, bool], ...] = (
    (CONTACT, COMPANY, 1, 2, True),
    (CONTACT, COMPANY, 279, 280, False),
    (DEAL, CONTACT, 3, 4, False),
    (DEAL, COMPANY, 5, 6, True),
    (DEAL, COMPANY, 341, 342, False),
    (CONTACT, TICKET, 15, 16, False),
    (TICKET, COMPANY, 26, 25, True),
    (TICKET, COMPANY, 339, 340, False),
    (DEAL, TICKET, 27, 28, False),
    (DEAL, LINE_ITEM, 19, 20, False),
    (COMPANY, TASK, 191, 192, False),
    (CONTACT, TASK, 203, 204, False),
    (DEAL, TASK, 215, 216, False),
    (TICKET, TASK, 229, 230, False),
    (COMPANY, NOTE, 189, 190, False),
    (CONTACT, NOTE, 201, 202, False),
    (DEAL, NOTE, 213, 214, False),
    (TICKET, NOTE, 227, 228, False),
    (COMPANY, CALL, 181, 182, False),
    (CONTACT, CALL, 193, 194, False),
    (DEAL, CALL, 205, 206, False),
    (COMPANY, EMAIL, 185, 186, False),
    (CONTACT, EMAIL, 197, 198, False),
    (DEAL, EMAIL, 209, 210, False),
    (COMPANY, MEETING, 187, 188, False),
    (CONTACT, MEETING, 199, 200, False),
    (DEAL, MEETING, 211, 212, False),
    (COMPANY, COMPANY, 14, 13, False),
    (COMPANY, COMPANY, 450, 450, False),
)
_PRIMARY_PAIRS = {frozenset((a.type_id, b.type_id)) for a, b, _, _, primary in _PAIRS if primary}


def _types() -> dict[int, LinkType]:
    found: dict[int, LinkType] = {}
    for one, other, there, back, primary in _PAIRS:
        suffix = "_unlabeled" if not primary and frozenset((one.type_id, other.type_id)) in _PRIMARY_PAIRS else ""
        label = "Primary" if primary else None
        if one is other and there != back:
            names = ("child_to_parent_company", "parent_to_child_company")
            labels: tuple[str | None, str | None] = ("Parent Company", "Child Company")
        else:
            names = (
                f"{one.singular}_to_{other.singular}{suffix}",
                f"{other.singular}_to_{one.singular}{suffix}",
            )
            labels = (label, label)
        found[there] = LinkType(there, one.type_id, other.type_id, names[0], labels[0], back)
        found[back] = LinkType(back, other.type_id, one.type_id, names[1], labels[1], there)
    return found


DEFINED = _types()


def default_type(from_kind: str, to_kind: str) -> LinkType | None:
    """The unlabelled type of a pair."""
    return next(
        (
            each
            for each in DEFINED.values()
            if (each.from_kind, each.to_kind) == (from_kind, to_kind) and each.label is None
        ),
        None,
    )


def primary_type(from_kind: str, to_kind: str) -> LinkType | None:
    """The type that marks the one primary company of a record, where the pair has one."""
    return next(
        (
            each
            for each in DEFINED.values()
            if (each.from_kind, each.to_kind) == (from_kind, to_kind) and each.label == "Primary"
        ),
        None,
    )
