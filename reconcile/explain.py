"""Why a line says what it says: the stored compact explanation → sentences in a fixed order, for a person.

The order is that of DOMAIN §7: plan and version and why chosen; effective date and period; inputs with source and stamp;
credit share and evidence; rate, bracket, R before and after; caps; rounding; rate of exchange and its path; what is missing;
what was posted before; the delta and its cause. A step that does not apply is left out. Names are not in the ledger;
``name`` turns an id (``salesforce/00D…/Opportunity/006…``, a partner's or a plan's slug) into what people call it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from partnersync.clock import parse_instant
from partnersync.lines import Key, Line, Owed
from partnersync.money import MINOR_UNITS, Money, exponent
from reconcile.commission.explanation import SCHEMA

Name = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the computation, with its sentences."""

    title: str
    sentences: tuple[str, ...]


def explain(subject: Line | Owed, name: Name = str) -> tuple[Step, ...]:
    """The steps that led to a ledger line, or to what is owed under a key.

    Raises:
        ValueError: the explanation was written by a version of partnersync that this one does not read.
    """
    told = subject.explanation
    if told.get("schema") != SCHEMA:
        raise ValueError(f"explanation schema {told.get('schema')!r} is not {SCHEMA}: upgrade partnersync to read it")
    steps = [Step(title, tuple(make(told, subject.key, name))) for title, make in _STEPS]
    if isinstance(subject, Line):
        steps.append(Step("Posted in", (_home(subject),)))
    return tuple(step for step in steps if step.sentences)


def _plan(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    if "gone" in told:
        yield f"{name(key.plan)}, rule {key.rule}: {_GONE.get(told['gone'], told['gone'])}, so nothing is owed"
        return
    if "taken_back" in told:
        of = _posted(told["of"], key)
        if told["minor"]:
            yield f"{name(key.plan)}, rule {key.rule}: {told['taken_back']}, while {of} is owed"
        else:
            yield f"{name(key.plan)}, rule {key.rule}: {told['taken_back']}; that no longer holds, {of} is owed"
        return
    yield f"{name(key.plan)}, the version effective from {told['version']}, pays {told['structure']} by rule {key.rule}"
    plan_why, rule_why = told["why"]
    yield f"plan chosen: {plan_why}"
    yield f"rule chosen, the first that holds: {rule_why}"
    if told.get("tier"):
        yield f"tier {told['tier']} on {told['tier_on']}"


def _effective(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    if told.get("effective_on"):
        yield f"effective on {told['effective_on']}, in {told['period']}; generation {key.generation} of the deal"
    else:
        yield f"in {told['period']}; generation {key.generation} of the deal"


def _inputs(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    deal = name(str(key.opportunity))
    if told.get("amount") is not None:
        yield f"{deal}: {_received(told)}, as of {_when(told['stamp'])}"
    elif "stamp" in told:
        yield f"{deal}: no amount, as of {_when(told['stamp'])}"
    else:
        yield deal
    if told.get("facts"):
        yield f"facts {', '.join(name(fact) for fact in told['facts'])}"


def _credit(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    if "share" not in told:
        return
    rule = told["credit_rule"]
    yield f"{name(key.partner)} holds {_percent(Fraction(told['share']))} of the {key.role} credit by rule {rule}"
    for item in told["evidence"]:
        at = f" of {_when(item['at'])}" if item["at"] else ""
        yield f"evidence: {item['kind']} {name(item['ref'])}{at}"


def _computation(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    if "parts" not in told:
        return
    if told["basis"] is not None:
        before, after = _money(told["before"], key), _money(told["after"], key)
        yield f"basis {_money(told['basis'], key)}; cumulative revenue {before} before, {after} after"
    for rate, of, lower, upper in told["parts"]:
        bracket = ""
        if lower is not None or upper is not None:
            start = f"from {_money(lower, key)}" if lower is not None else "from the start"
            bracket = f" (bracket {start}{f' to {_money(upper, key)}' if upper is not None else ' up'})"
        paid = Fraction(rate) * Fraction(of)
        yield f"{_money(of, key)} × {_percent(Fraction(rate))}{bracket} = {_money(paid, key)}"


def _rounding(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    if "rounding" in told:
        yield f"{_money(told['exact'], key)} rounded {told['rounding'].replace('_', ' ')}: {_posted(told['minor'], key)}"


def _exchange(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    if rate := told.get("fx"):
        value = _decimal(Fraction(rate["value"]))
        yield f"1 {rate['base']} = {value} {rate['quote']}, by {rate['path']}, frozen for this deal"


def _missing(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    for what in told.get("missing", ()):
        yield _MISSING.get(what, what)


def _before(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    if "posted" in told:
        count = told["lines"]
        yield f"{_posted(told['posted'], key)} in {count} line{'' if count == 1 else 's'}" if count else "nothing yet"


def _delta(told: Mapping[str, Any], key: Key, name: Name) -> Iterator[str]:
    if "delta" not in told:
        return
    owed, posted, delta = told["minor"], told["posted"], told["delta"]
    yield f"{_posted(owed, key)} owed − {_posted(posted, key)} posted = {_posted(delta, key)}"
    cause = told["cause"]
    if cause == str(key.opportunity):
        yield "caused by this deal itself"
    elif cause:
        yield f"caused by {name(cause)}"


def _home(line: Line) -> str:
    own = line.explanation["period"]
    late = "" if line.posted_period == own else f", because {own} takes no more lines"
    return f"{line.posted_period}{late}; line {line.sequence} of its key, by {line.actor} at {_when(line.stamp.isoformat())}"


_STEPS: tuple[tuple[str, Callable[[Mapping[str, Any], Key, Name], Iterator[str]]], ...] = (
    ("Plan", _plan),
    ("Effective", _effective),
    ("Inputs", _inputs),
    ("Credit", _credit),
    ("Computation", _computation),
    ("Rounding", _rounding),
    ("Exchange", _exchange),
    ("Missing", _missing),
    ("Posted before", _before),
    ("Difference", _delta),
)
_MISSING = {
    "amount": "the deal has no amount",
    "close_date": "a close date that has come",
    "currency_missing": "the currency of the deal",
    "fx_missing": "a rate of exchange for the close date",
}
_GONE = {
    "close_date": "the deal is blocked for want of a close date that has come",
    "currency_missing": "the deal is blocked for want of its currency",
    "fx_missing": "the deal is blocked for want of a rate of exchange",
    "no longer earns here": "the deal no longer earns under this key (lost, deleted, undated, credited or dated otherwise)",
}


def _money(minor: str | Fraction, key: Key) -> str:
    """An exact amount in minor units, in major ones; ``…`` where it has more decimals than are worth showing."""
    return f"{_decimal(Fraction(minor) / 10 ** exponent(key.currency), exponent(key.currency))} {key.currency}"


def _received(told: Mapping[str, Any]) -> str:
    """The deal's own amount, with at least the decimals of its currency."""
    currency = told["currency"]
    amount = _decimal(Fraction(told["amount"]), MINOR_UNITS.get(currency or "", 0))
    return f"{amount} {currency or 'without a currency'}"


def _when(instant: str) -> str:
    """An instant to the minute; the stored line keeps it whole."""
    return f"{parse_instant(instant):%Y-%m-%d %H:%M} UTC"


def _posted(minor: int, key: Key) -> str:
    return str(Money(minor, key.currency))


def _percent(value: Fraction) -> str:
    return f"{_decimal(value * 100)} %"


def _decimal(value: Fraction, places: int = 0) -> str:
    with localcontext(prec=40):
        number = Decimal(value.numerator) / Decimal(value.denominator)
        shown = number.quantize(Decimal("1e-8"))
        text = f"{shown:,f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}{'.' + decimals if decimals else ''}{'' if Fraction(shown) == value else '…'}"
