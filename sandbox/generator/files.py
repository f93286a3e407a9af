"""The programme's evidence as CSV files, the way a partner portal and a finance team would export them.

partners.csv        id, name, type, status, domains, currency, manager, salesforce_id, hubspot_id, region, joined_on,
                    ended_on, aliases, merged_into
tiers.csv           partner, tier, from, to, reason
registrations.csv   id, partner, status, crm, account, account_name, account_domain, opportunity, submitted_at,
                    approved_at, product, region, reason
touchpoints.csv     id, partner, crm, account, opportunity, type, occurred_at, recorded_at, source, weight
targets.csv         partner, metric, from, to, amount, currency
rates.csv           date, from, to, rate

UTF-8, comma, a header, lines ended by a line feed. Lists are joined by `;`, instants are UTC with a `Z`, dates are
ISO, numbers are decimal text, absent is empty; `from` and `to` bound half-open spans of dates.
"""

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from sandbox.generator.programme import Partner, Programme, Rate, Registration, Target, Tier, Touchpoint

Cell = str | Decimal | date | datetime | tuple[str, ...] | None
Row = tuple[Cell, ...]

_PARTNERS: Final = (
    "id,name,type,status,domains,currency,manager,salesforce_id,hubspot_id,"
    "region,joined_on,ended_on,aliases,merged_into"
)
_REGISTRATIONS: Final = (
    "id,partner,status,crm,account,account_name,account_domain,opportunity,"
    "submitted_at,approved_at,product,region,reason"
)


def _partner(p: Partner) -> Row:
    ids = (p.salesforce_id, p.hubspot_id)
    ends = (p.joined_on, p.ended_on, p.aliases, p.merged_into)
    return (p.id, p.name, p.type, p.status, p.domains, p.currency, p.manager, *ids, p.region, *ends)


def _tier(t: Tier) -> Row:
    return (t.partner, t.tier, t.from_on, t.to_on, t.reason)


def _registration(r: Registration) -> Row:
    account = (r.crm, r.account, r.account_name, r.account_domain, r.opportunity)
    return (r.id, r.partner, r.status, *account, r.submitted_at, r.approved_at, r.product, r.region, r.reason)


def _touchpoint(t: Touchpoint) -> Row:
    stamps = (t.occurred_at, t.recorded_at)
    return (t.id, t.partner, t.crm, t.account, t.opportunity, t.type, *stamps, t.source, t.weight)


def _target(t: Target) -> Row:
    return (t.partner, t.metric, t.from_on, t.to_on, t.amount, t.currency)


def _rate(r: Rate) -> Row:
    return (r.on, r.base, r.quote, r.rate)


def texts(programme: Programme) -> dict[str, str]:
    """The content of every file by its name."""
    return {
        "partners.csv": _table(_PARTNERS, map(_partner, programme.partners)),
        "tiers.csv": _table("partner,tier,from,to,reason", (_tier(t) for p in programme.partners for t in p.tiers)),
        "registrations.csv": _table(_REGISTRATIONS, map(_registration, programme.registrations)),
        "touchpoints.csv": _table(
            "id,partner,crm,account,opportunity,type,occurred_at,recorded_at,source,weight",
            map(_touchpoint, programme.touchpoints),
        ),
        "targets.csv": _table("partner,metric,from,to,amount,currency", map(_target, programme.targets)),
        "rates.csv": _table("date,from,to,rate", map(_rate, programme.rates)),
    }


def write_csv(programme: Programme, folder: Path) -> tuple[Path, ...]:
    """Write every file into `folder`, which is made if need be. Returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts(programme).items():
        path = folder / name
        path.write_text(text, encoding="utf-8", newline="")
        written.append(path)
    return tuple(written)


def _table(header: str, rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return ";".join(value)
