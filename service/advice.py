"""What the config says rightly and hardly means: told by ``check`` as warnings, never in the way of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mapping.conditions.language import Clause
from mapping.conditions.vocabulary import near
from mapping.config import AttributionRule, FieldRule, RegistrationRule, RosterInline, TouchpointRule, vocabulary
from partnersync.credits import ROLES
from partnersync.placing import Fault
from partnersync.source import Where
from reconcile.commission.advice import advice as commission_advice
from reconcile.commission.config import CommissionSections
from service.named import origins
from service.settings import Settings


def advice(settings: Settings, roster_types: frozenset[str] | None = None) -> Iterator[Fault]:
    """Every warning about the file itself; ``roster_types`` are the partner types that the roster holds, where known."""
    yield from _unused(settings)
    yield from _words(settings)
    yield from _shadowed(settings)
    yield from _money(settings)
    yield from _people(settings)
    yield from _loops(settings)
    if settings.commission is not None:
        sections = CommissionSections(settings.calendar, settings.money, settings.commission, settings.programs)
        yield from commission_advice(sections, vocabulary(settings.mapping))
        yield from _nobody(settings, roster_types)


def _unused(settings: Settings) -> Iterator[Fault]:
    used = {origin.name.connection for origin in origins(settings)} | set(settings.writeback)
    for name in settings.connections:
        if name not in used:
            yield Fault(("connections", name), "no section reads from this connection or writes to it", at_key=True)
    deals = {source.name.connection for source in settings.sources.opportunity}
    for name, program in settings.programs.items():
        record = program.system_of_record
        if record is not None and record not in deals:
            message = f"no opportunity is read from {record}: every deal that is also there earns nothing"
            yield Fault(("programs", name, "system_of_record"), message)


def _words(settings: Settings) -> Iterator[Fault]:
    """Two CRMs that say the same in nearly the same word, which a condition then takes for two."""
    sources = list(enumerate(settings.sources.opportunity))
    for at, source in sources:
        for field, words in source.values.items():
            others = [set(other.values[field]) for place, other in sources if place != at and field in other.values]
            for word in words if others else ():
                elsewhere = set().union(*others) - set(words)
                meant = None if word in set().union(*others) else near(word, elsewhere)
                if meant:
                    where: Where = ("sources", "opportunity", at, "values", field, word)
                    yield Fault(where, f"the other source says {meant!r}", f"did you mean {meant!r}?", at_key=True)


def _shadowed(settings: Settings) -> Iterator[Fault]:
    for role in ROLES:
        rules = settings.attribution.of(role)
        for at, rule in enumerate(rules):
            above = next((other for other in rules[:at] if _covers(other, rule)), None)
            if above is not None:
                message = f"never reached: {above.id!r} above it already takes every deal it would"
                yield Fault(("attribution", role, at, "id"), message, "move it up, or narrow the one above")


def _covers(above: AttributionRule, rule: AttributionRule) -> bool:
    """Whether every partner that ``rule`` could find, ``above`` finds before it."""
    if above.when is not None and above.when.parts and (rule.when is None or above.when.written != rule.when.written):
        return False
    match above, rule:
        case RegistrationRule(), RegistrationRule():
            return above.covers == rule.covers
        case FieldRule(), FieldRule():
            return above.field == rule.field
        case TouchpointRule(), TouchpointRule():
            a, b = above.lookback, rule.lookback
            return (a.before, a.until) == (b.before, b.until) and a.days >= b.days
        case _:
            return False


def _money(settings: Settings) -> Iterator[Fault]:
    if settings.money.rates is not None:
        return
    home = settings.money.reporting_currency
    for name, program in settings.programs.items():
        if program.currency != home:
            message = f"pays in {program.currency} while amounts are reported in {home}, and there are no rates"
            yield Fault(("programs", name, "currency"), message, "name a file under money.rates")
    if any(source.fields.currency for source in settings.sources.opportunity):
        message = "there are no rates, so a deal in another currency than its programme's is blocked"
        yield Fault(("money",), message, "name a file under money.rates", at_key=True)


def _people(settings: Settings) -> Iterator[Fault]:
    for name, section in settings.writeback.items():
        rules = (*section.opportunity.values(), *section.account.values())
        asks = section.tasks or any(rule.policy == "review" for rule in rules)
        if asks and settings.people.task_fallback is None:
            message = f"{name} gets tasks, and nobody owns one when the deal's owner is gone"
            yield Fault(("people",), message, "write people.task_fallback: someone@your.company", at_key=True)
            return


def _loops(settings: Settings) -> Iterator[Fault]:
    """A field that reps fill in to tell us the partner, and that we overwrite whatever they say."""
    for source_at, source in enumerate(settings.sources.opportunity):
        section = settings.writeback.get(source.name.connection)
        field = source.fields.partner_field
        rule = section.opportunity.get(field) if section and field else None
        if rule is not None and rule.policy == "ours_wins":
            where: Where = ("writeback", source.name.connection, "opportunity", str(field))
            told = f"sources.opportunity[{source_at}] reads what reps write here, and ours_wins overwrites it"
            yield Fault((*where, "policy"), told, "crm_wins keeps a rep's edit")


def _nobody(settings: Settings, types: frozenset[str] | None) -> Iterator[Fault]:
    roster = settings.partners.roster
    known = frozenset[str](p.type for p in roster.inline) if isinstance(roster, RosterInline) else types or frozenset()
    plans = settings.commission.plans if settings.commission else ()
    for at, plan in enumerate(plans):
        for part in plan.when.parts if plan.when and known else ():
            asked = _asked(part.written) if isinstance(part, Clause) and part.field == "partner.type" else frozenset()
            if asked and not asked & known:
                here: Where = ("commission", "plans", at, "when", "partner.type")
                message = f"never pays yet: no partner of the roster is {' or '.join(sorted(asked))}"
                yield Fault(here, message, at_key=True)


def _asked(written: object) -> frozenset[str]:
    """The values that a clause is content with; empty where it asks something else."""
    given = written.get("is", written.get("one_of")) if isinstance(written, Mapping) else written
    values = given if isinstance(given, list) else [given]
    return frozenset(str(value).casefold() for value in values if isinstance(value, str)) - {"missing", "present"}
