"""Association endpoints of the v3 family, which names types instead of numbering them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.hubspot import given as sent
from sandbox.hubspot import link_reads, links, records, refusals
from sandbox.hubspot.batches import answer, unread
from sandbox.hubspot.call import Call, no_content, ok
from sandbox.hubspot.link_routes import none_found, type_named
from sandbox.wire import Reply

PAGE = 100
MOST = 100


def batch_read(call: Call) -> Reply:
    kind, to_kind, inputs = call.kind("from"), call.kind("to"), call.inputs(MOST)
    with call.reading() as desk:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for given in inputs:
            from_id, after = str(given.get("id", "")), given.get("after")
            if (error := unread(from_id)) is not None:
                errors.append(error)
                continue
            size = min(PAGE, desk.settings.association_page_size)
            number = sent.identifier(from_id)
            found = (
                link_reads.page(desk.db, kind, number, to_kind, str(after) if after else None, size)
                if number is not None
                else link_reads.LinkPage([], None)
            )
            if not found.to:
                if desk.settings.association_none == "error":
                    errors.append(none_found(kind, to_kind, from_id))
                continue
            entry: dict[str, Any] = {"from": {"id": from_id}, "to": link_reads.with_names(found)}
            if found.after is not None:
                entry["paging"] = {"next": {"after": found.after, "link": f"?after={found.after}"}}
            results.append(entry)
        return answer(desk, results, errors, 200, order=False)


def batch_create(call: Call) -> Reply:
    kind, to_kind, inputs = call.kind("from"), call.kind("to"), call.inputs(MOST)
    with call.writing() as desk:
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for given in inputs:
            from_id, to_id = _ends(given)
            found = type_named(desk, kind, to_kind, str(given.get("type", "")))
            one = records.find(desk.db, kind, from_id)
            other = records.find(desk.db, to_kind, to_id)
            if one is None or other is None or not one.live or not other.live:
                missing = from_id if one is None or not one.live else to_id
                errors.append(
                    dict(refusals.invalid(f"{missing} is not a valid ID", context={"id": [missing]}).body or {})
                )
                continue
            links.add(desk, kind, one.id, to_kind, other.id, [found])
            results.append({"from": {"id": from_id}, "to": {"id": to_id}, "type": found.name})
        return answer(desk, results, errors, 201, order=False)


def batch_archive(call: Call) -> Reply:
    kind, to_kind, inputs = call.kind("from"), call.kind("to"), call.inputs(MOST)
    with call.writing() as desk:
        for given in inputs:
            from_id, to_id = _ends(given)
            found = type_named(desk, kind, to_kind, str(given.get("type", "")))
            one, other = sent.identifier(from_id), sent.identifier(to_id)
            if one is not None and other is not None:
                links.remove(desk, kind, one, to_kind, other, [found.type_id])
    return no_content()


def types(call: Call) -> Reply:
    kind, to_kind = call.kind("from"), call.kind("to")
    with call.reading() as desk:
        found = links.types_between(desk.db, kind, to_kind).values()
        return ok({"results": [{"id": str(each.type_id), "name": each.name} for each in found]})


def _ends(given: Mapping[str, Any]) -> tuple[str, str]:
    one, other = sent.mapping(given.get("from"), "from"), sent.mapping(given.get("to"), "to")
    return str(one.get("id", "")), str(other.get("id", ""))
