"""A partner's statements of one period: made from ledger lines, written as text, CSV or JSON.

The same lines give the same bytes. So what stands in the CSV and the JSON is either in the ledger or, for a deal's name, as it
was when the line was posted: renaming a deal changes no statement of the past. A spreadsheet runs a cell that begins with
``=``, ``+``, ``-``, ``@`` or a control character as a formula, and deals are named by strangers: such a text gets an
apostrophe in front. Amounts are numbers and get none.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from partnersync.lines import Key, Line, Owed, Period
from partnersync.money import Money, exponent
from reconcile.commission.calendar import FiscalCalendar
from reconcile.commission.statements import SECTIONS, Item, Statement, statement
from service.naming import Names

COLUMNS = (
    "program", "partner", "currency", "period", "section", "deal", "crm", "record", "plan", "rule", "role",
    "generation", "corrects", "posted_at", "amount",
)  # fmt: skip
TITLES = {"earned": "Earned", "adjustments": "Adjustments", "clawbacks": "Clawbacks", "reserves": "Reserves",
          "payouts": "Payouts", "other": "Other"}  # fmt: skip
WIDTH = 80
_AMOUNT = 18
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Account:
    """A partner's statements of a period, by programme and currency; ``others`` are the periods that have lines."""

    partner: str
    period: Period
    statements: tuple[Statement, ...]
    others: tuple[str, ...] = ()


def statements(
    partner: str, lines: Sequence[Line], calendar: FiscalCalendar, period: str | None, today: date
) -> Account:
    """The statements of a partner; without a period, of the newest one that has lines.

    Raises:
        ValueError: the calendar has no period of this label.
    """
    held = sorted({line.posted_period for line in lines}, key=lambda label: _begins(calendar, label))
    label = period or (held[-1] if held else calendar.period_of(today).label)
    kinds = sorted({(line.key.program, line.key.currency) for line in lines})
    made = tuple(
        statement(
            lines, calendar, partner=partner, program=program, period=label, currency=currency,
            owed=_last(lines, calendar, label),
        )
        for program, currency in kinds
    )  # fmt: skip
    shown = tuple(each for each in made if each.opening.minor or any(section.items for section in each.sections))
    return Account(partner, calendar.period(label), shown, tuple(held))


def _begins(calendar: FiscalCalendar, label: str) -> date:
    try:
        return calendar.period(label).starts_on
    except ValueError:
        return date.min


def _last(lines: Sequence[Line], calendar: FiscalCalendar, period: str) -> list[Owed]:
    """What each key was owed by its last line of the period: exact and rounded."""
    until = calendar.period(period).starts_on
    newest: dict[Key, Line] = {}
    for line in lines:
        known = newest.get(line.key)
        if _begins(calendar, line.posted_period) <= until and (known is None or known.sequence < line.sequence):
            newest[line.key] = line
    return [
        Owed(key, int(told["minor"]), Fraction(told["exact"]), told)
        for key, line in sorted(newest.items())
        if "exact" in (told := line.explanation)
    ]


def as_csv(found: Account, names: Names) -> bytes:
    """One row per line, with an opening and a closing row per statement."""
    text = io.StringIO(newline="")
    out = csv.writer(text)
    out.writerow(COLUMNS)
    for each in found.statements:
        head = [safe(value) for value in (each.program, each.partner, each.currency, each.period.label)]
        blank = [""] * (len(COLUMNS) - 6)
        out.writerow([*head, "opening", *blank, f"{each.opening.amount:f}"])
        for section in each.sections:
            for item in section.items:
                told = _told(item, names)
                cells = (section.name, *(told[name] for name in COLUMNS[5:-1]))
                out.writerow([*head, *(safe(cell) for cell in cells), told["amount"]])
        out.writerow([*head, "closing", *blank, f"{each.closing.amount:f}"])
    return text.getvalue().encode()


def as_json(found: Account, names: Names) -> dict[str, Any]:
    """The statements for machines; amounts as text."""
    return {
        "partner": found.partner,
        "period": {"label": found.period.label, "from": found.period.starts_on, "to": _last_day(found.period)},
        "statements": [
            {
                "program": each.program,
                "currency": each.currency,
                "opening": each.opening.amount,
                "sections": {
                    section.name: {
                        "total": section.total.amount,
                        "lines": [_told(item, names) for item in section.items],
                    }
                    for section in each.sections
                },
                "closing": each.closing.amount,
                "rounding": {plan: str(difference) for plan, difference in each.rounding.items()},
            }
            for each in found.statements
        ],
    }


def as_text(found: Account, names: Names) -> str:
    """The statements for people, 80 columns wide."""
    rows = [f"Statement of {names(found.partner)}, {found.period.label}"[:WIDTH]]
    rows.append(f"{_day(found.period.starts_on)} to {_day(_last_day(found.period))}")
    if not found.statements:
        rows += ["", "Nothing was posted in this period and nothing is carried in."]
        if found.others:
            rows.append(f"Periods with lines: {', '.join(found.others)}"[:WIDTH])
    for each in found.statements:
        rows += ["", *_statement(each, names)]
    return "\n".join(row.rstrip() for row in rows) + "\n"


def _statement(each: Statement, names: Names) -> Iterator[str]:
    programs = names.shop.settings.programs
    title = programs[each.program].title if each.program in programs else each.program
    yield _row(title, f"amount in {each.currency}")
    yield "-" * WIDTH
    yield _row("Opening", _amount(each.opening))
    for name in SECTIONS:
        section = each.section(name)
        if not section.items:
            continue
        yield TITLES[name]
        for item in section.items:
            told = _told(item, names)
            yield _row(f"  {told['deal'] or told['record']}", _amount(item.amount))
            corrects = f", corrects {item.corrects}" if item.corrects else ""
            plan = names(item.line.key.plan)
            yield _cut(f"    {plan}: {item.line.key.rule}{corrects}", WIDTH - 2)
        if len(section.items) > 1:
            yield _row(f"  {TITLES[name]}, {len(section.items)} lines", _amount(section.total))
    yield "-" * WIDTH
    yield _row("Closing", _amount(each.closing))
    for plan, difference in each.rounding.items():
        exact = f"{_exact(difference, each.currency)} {each.currency}"
        yield _cut(f"Lines are rounded one by one; exact, {names(plan)} is {exact} off", WIDTH)


def _told(item: Item, names: Names) -> Mapping[str, str]:
    line, key = item.line, item.line.key
    return {
        "deal": names.deal(key.opportunity, line.stamp),
        "crm": key.opportunity.crm,
        "record": key.opportunity.id,
        "plan": key.plan,
        "rule": key.rule,
        "role": key.role,
        "generation": str(key.generation),
        "kind": line.kind,
        "corrects": item.corrects or "",
        "posted_at": line.stamp.isoformat(timespec="seconds"),
        "amount": f"{item.amount.amount:f}",
    }


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(left: str, right: str) -> str:
    return f"{_cut(left, WIDTH - _AMOUNT - 1):<{WIDTH - _AMOUNT}}{right:>{_AMOUNT}}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _amount(money: Money) -> str:
    return f"{money.amount:,f}"


def _exact(minor: Fraction, currency: str) -> str:
    major = minor / 10 ** exponent(currency)
    rounded = Decimal(major.numerator) / Decimal(major.denominator)
    return f"{rounded.quantize(Decimal('0.000001')).normalize():+,f}"


def _last_day(period: Period) -> date:
    return period.ends_on - timedelta(days=1)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
