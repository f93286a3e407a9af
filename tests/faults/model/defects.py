"""The defects: each is what a hurried reader or writer of this kind of program does, told as patches of our own functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import service.steps.pull as pulling
from connectors.hubspot import batches
from connectors.hubspot import changes as searched
from connectors.hubspot import pulling as listed
from connectors.hubspot.exchange import Answer
from connectors.retry import RetryPolicy
from connectors.salesforce import changes, full, marks, soql
from connectors.salesforce.api import NO_HEADERS, Api
from connectors.salesforce.wire import literal
from partnersync.changes import Done, Intent, Outcome, Write
from partnersync.errors import UnauthorizedError
from partnersync.ids import Ref
from partnersync.records import Gone, Page
from reconcile.writeback.apply import Doer
from state import judging
from state.database import Database, Fence
from state.dossiers import Dossiers
from state.facts import Facts

Patch = tuple[Any, str, Any]


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect: its name, and what to put in the place of which function."""

    name: str
    patches: Callable[[], Sequence[Patch]]


def _strict_in_salesforce() -> Sequence[Patch]:
    def after(stamp_field: str, stamp: datetime, id_: str) -> str:
        return f"{soql.name(stamp_field)} > {literal(stamp)}"

    return [(soql, "after", after)]


def _strict_in_hubspot() -> Sequence[Patch]:
    def since(self: searched.Changes, stamp: int) -> Mapping[str, Any]:
        return {"propertyName": self._stamp, "operator": "GT", "value": str(stamp)}

    return [(searched.Changes, "_since", since)]


def _no_overlap() -> Sequence[Patch]:
    return [
        (changes, "OVERLAP", timedelta()),
        (marks, "OVERLAP", timedelta()),
        (listed.Pulling, "_overlap_ms", property(lambda self: 0)),
    ]


def _watermark_is_now() -> Sequence[Patch]:
    def covered(answer: Any, asked_at: datetime) -> datetime:
        return asked_at

    return [(changes, "covered", covered), (full, "covered", covered)]


def _short_page_ends_in_salesforce() -> Sequence[Patch]:
    def ending(original: Callable[..., Any]) -> Callable[..., Any]:
        def page(self: Any, answer: Any, *more: Any) -> Any:
            answer.body["done"] = answer.body["done"] or len(answer.body["records"]) < 2000
            return original(self, answer, *more)

        return page

    return [
        (changes.Changes, "_page", ending(changes.Changes._page)),
        (full.FullRead, "_page", ending(full.FullRead._page)),
    ]


def _short_page_ends_in_hubspot() -> Sequence[Patch]:
    original = searched.Changes._ask

    def ask(self: searched.Changes, *request: Any) -> Answer:
        answer = original(self, *request)
        if len(answer.results) < self._page:
            return replace(answer, body={**answer.body, "paging": {}})
        return answer

    return [(searched.Changes, "_ask", ask)]


def _cursor_apart() -> Sequence[Patch]:
    original = Facts.remember

    def remember(self: Facts, fence: Fence, page: Page, *more: Any) -> Counter[str]:
        if page.cursor is not None:
            original(self, fence, Page(page.object, cursor=page.cursor), *more)
        return original(self, fence, replace(page, cursor=None), *more)

    return [(Facts, "remember", remember)]


def _absence_is_deletion() -> Sequence[Patch]:
    original = pulling._connection
    remember = pulling._remember
    seen: dict[str, set[Ref]] = {}

    def connection(*how: Any) -> None:
        seen.clear()
        original(*how)

    def stored(shop: Any, facts: Facts, fence: Fence, feed: Any, page: Page) -> Counter[str]:
        if page.full and feed.kind in ("account", "opportunity"):
            seen.setdefault(feed.name, set()).update(record.ref for record in page.records)
            if page.done:
                held = (
                    each.record for each in Dossiers(shop.database).facts_of(feed.kind) if each.record.life == "live"
                )
                here = {record.ref for record in held if record.ref.object == page.object}
                gone = tuple(Gone(ref, shop.clock.now()) for ref in sorted(here - seen[feed.name]))
                page = replace(page, gone=(*page.gone, *gone))
        return remember(shop, facts, fence, feed, page)

    return [(pulling, "_connection", connection), (pulling, "_remember", stored)]


def _trusting(self: Doer, intents: Sequence[Intent], outcomes: Mapping[str, Outcome]) -> list[Done]:
    refused = {key: each for key, each in outcomes.items() if each.status == "rejected"}
    return [
        Done(intent, "rejected", code=refused[intent.key].code, message=refused[intent.key].message)
        if intent.key in refused
        else Done(intent, "verified", dict(intent.desired))
        for intent in intents
    ]


def _mark_before_send() -> Sequence[Patch]:
    def send(self: Doer, object_: str, intents: Sequence[Intent], _batch: int) -> list[Done]:
        self.fence.check()
        self.journal.begin(intents)
        results = _trusting(self, intents, {})
        self.journal.finish(results)
        self.fence.check()
        list(self.writer.send([Write(i.key, i.ref, i.desired) for i in intents]))
        return results

    return [(Doer, "_send", send)]


def _base_from_sent() -> Sequence[Patch]:
    def send(self: Doer, object_: str, intents: Sequence[Intent], _batch: int) -> list[Done]:
        self.fence.check()
        self.journal.begin(intents)
        self.fence.check()
        outcomes = {each.key: each for each in self.writer.send([Write(i.key, i.ref, i.desired) for i in intents])}
        results = _trusting(self, intents, outcomes)
        self.journal.finish(results)
        return results

    return [(Doer, "_send", send)]


def _blind_retry() -> Sequence[Patch]:
    original = RetryPolicy.call

    def call(self: RetryPolicy, send: Any, *, stop: Any, idempotent: bool, before_again: Any = None) -> Any:
        return original(self, send, stop=stop, idempotent=True, before_again=before_again)

    return [(RetryPolicy, "call", call)]


def _207_is_200() -> Sequence[Patch]:
    def matched(batch: Sequence[Any], answer: Answer, matched_by: str) -> Iterator[Outcome]:
        ids = [str(result.get("id")) for result in answer.results]
        for at, each in enumerate(batch):
            yield Outcome(each.key, "applied", id=ids[at] if at < len(ids) else None)

    return [(batches, "_matched", matched)]


def _no_fence() -> Sequence[Patch]:
    return [(Fence, "check", lambda self: None), (Database, "_renew", lambda self, connection, fence: None)]


def _headers_lost() -> Sequence[Patch]:
    def once(
        self: Api, method: str, path: str, body: Any, *, safe: bool, headers: Mapping[str, str] = NO_HEADERS
    ) -> Any:
        token = self.tokens.current()
        try:
            return self._send(token, method, path, body, safe, headers)
        except UnauthorizedError as error:
            if error.status != 401:
                raise
        return self._send(self.tokens.renew(token), method, path, body, safe, NO_HEADERS)

    return [(Api, "_once", once)]


def _put_back_unseen() -> Sequence[Patch]:
    return [(judging, "_changed_since", lambda *stamps: False)]


DEFECTS = (
    Defect("cursor in its own transaction", _cursor_apart),
    Defect("headers lost on refresh", _headers_lost),
    Defect("absence = deletion", _absence_is_deletion),
    Defect("> for >= in HubSpot", _strict_in_hubspot),
    Defect("stop on a short page of HubSpot", _short_page_ends_in_hubspot),
    Defect("> for >= in Salesforce", _strict_in_salesforce),
    Defect("no overlap", _no_overlap),
    Defect("watermark = now", _watermark_is_now),
    Defect("stop on a short page of Salesforce", _short_page_ends_in_salesforce),
    Defect("mark before send", _mark_before_send),
    Defect("B from sent, not read", _base_from_sent),
    Defect("blind retry of a create", _blind_retry),
    Defect("ignore a 207", _207_is_200),
    Defect("no fence", _no_fence),
    Defect("a value put back goes unseen", _put_back_unseen),
)
