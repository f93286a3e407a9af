"""The record or partner that a person means by what they typed; what fits nothing, or too much, says what it may have been."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import typer

from mapping.book import Book
from mapping.identity import Ambiguous, Named
from mapping.places import Places
from partnersync.facts import Opportunity
from partnersync.ids import Ref
from partnersync.wording import near
from service.shop import Shop
from state.dossiers import Dossiers
from state.lookups import Lookups

_LISTED = 5


def opportunity(shop: Shop, text: str) -> Ref:
    """The opportunity of an id, ``salesforce:006…``, a ref's text, or a name or part of one that only one has.

    Raises:
        typer.BadParameter: none or more than one fits.
    """
    text = text.strip()
    known = [ref for ref, kind in _by_id(shop, text) if kind == "opportunity"]
    if len(known) == 1:
        return known[0]
    if len(known) > 1:
        raise _unclear(text, [f"{ref.crm}:{ref.id}" for ref in known])
    other = next((kind for _, kind in _by_id(shop, text)), None)
    if other is not None:
        raise typer.BadParameter(f"{text} is of kind {other}: give an opportunity", param_hint="WHAT")
    names = dict(_names(shop))
    wanted = text.casefold()
    exact = [ref for ref, name in names.items() if name.casefold() == wanted]
    fitting = exact or [ref for ref, name in names.items() if wanted and wanted in name.casefold()]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise _unclear(text, [f"{names[ref]} = {ref.crm}:{ref.id}" for ref in fitting])
    hint = near(text, names.values())
    meant = f"; did you mean {hint!r}?" if hint else ": give its id, salesforce:006…, or its name"
    raise typer.BadParameter(f"no opportunity is {text!r}{meant}", param_hint="WHAT")


def partner(book: Book, text: str, also: Iterable[str] = ()) -> str:
    """The slug of a partner by its slug, name, alias or domain; ``also`` are slugs known from elsewhere.

    Raises:
        typer.BadParameter: none or more than one fits.
    """
    others = set(also)
    if text in others:
        return text
    match book.resolve(text):
        case Named(id_, _):
            return id_
        case Ambiguous(ids, how):
            listed = ", ".join(ids)
            raise typer.BadParameter(f"{text!r} fits {listed} by {how}: give one of these", param_hint="PARTNER")
        case nobody:
            everyone = {**{id_: id_ for id_ in (*book.partners, *others)}}
            everyone |= {each.name: each.id for each in book.partners.values()}
            close = everyone.get(near(text, everyone), "") or next(iter(nobody.suggestions), "")
            named = book.partners.get(close)
            meant = f"; did you mean {close}{f' ({named.name})' if named else ''}?" if close else ""
            raise typer.BadParameter(f"no partner is called {text!r}{meant}", param_hint="PARTNER")


def _by_id(shop: Shop, text: str) -> Sequence[tuple[Ref, str]]:
    """The records of an id, in whichever of its forms."""
    lookups = Lookups(shop.database)
    if text.count("/") < 3 and ":" not in text:
        return lookups.by_id(text)
    places = Places(shop.settings.sources, shop.sites)
    for kind in ("opportunity", "account"):
        try:
            ref = places.ref(kind, text, None, "")
        except ValueError:
            continue
        found = lookups.version(ref)
        if found is not None:
            return [(ref, found[0])]
    return []


def _names(shop: Shop) -> Iterable[tuple[Ref, str]]:
    for version in Dossiers(shop.database).facts_of("opportunity"):
        fact = shop.reader.fact("opportunity", version.record) if version.record.life == "live" else None
        if isinstance(fact, Opportunity):
            yield fact.ref, fact.name


def _unclear(text: str, found: Sequence[str]) -> typer.BadParameter:
    more = f" … and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    listed = "; ".join(found[:_LISTED])
    return typer.BadParameter(f"{text!r} may be {listed}{more}", param_hint="WHAT")
