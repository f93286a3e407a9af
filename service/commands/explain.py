"""``partnersync explain``: why an opportunity, a ledger line or a CRM field says what it says; asks no CRM."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Annotated

import typer

from partnersync.credits import Credit, Evidence
from partnersync.money import MINOR_UNITS, Money
from reconcile.explain import Step
from service import field_told, finding
from service.naming import Names
from service.options import DEFAULT_CONFIG, ConfigFile, Json
from service.overview import record
from service.render import console, plain, print_json
from service.shop import looking
from service.steps.rules import Rules, rules_of_the_day
from service.story import Account, Fact, Posted, Story, as_json, tell

WIDTH = 80
_LABEL = 15
_FACTS = 8


def command(
    what: Annotated[str, typer.Argument(help="An opportunity: its id, salesforce:006…, or its name.")],
    field: Annotated[str | None, typer.Option("--field", help="Tell why this CRM field says what it says.")] = None,
    line: Annotated[int | None, typer.Option("--line", help="Tell of this ledger line only, by its number.")] = None,
    partner: Annotated[str | None, typer.Option("--partner", help="Tell of this partner only.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Explain an opportunity: its facts, credits with their evidence, and how every ledger line came about."""
    with looking(config) as shop:
        rules = rules_of_the_day(shop, shop.clock.now())
        names = Names(shop, rules.book)
        story = tell(shop, rules, names, finding.opportunity(shop, what))
        if field is not None:
            told = field_told.tell(shop, rules, names, story, field)
            if json:
                print_json({**plain(told), "next_plan": told.sentence})
            else:
                _out(_field(told, story))
            return
        story = _only(story, rules, line, partner)
        if json:
            print_json(plain(as_json(story, names)))
        elif line is not None:
            _out(_lines_only(story, names))
        else:
            _out(_story(story, rules, names))


def _only(story: Story, rules: Rules, line: int | None, partner: str | None) -> Story:
    """What of the story was asked for.

    Raises:
        typer.BadParameter: it has no such line or partner.
    """
    if partner is not None:
        held = {credit.partner for credit in story.credits} | {each.key.partner for each in story.accounts}
        named = finding.partner(rules.book, partner, held)
        if named not in held:
            listed = ", ".join(sorted(held)) or "nobody"
            raise typer.BadParameter(
                f"{named} has no part in this opportunity; there is {listed}", param_hint="--partner"
            )
        story = replace(
            story,
            credits=tuple(credit for credit in story.credits if credit.partner == named),
            accounts=tuple(each for each in story.accounts if each.key.partner == named),
        )
    if line is None:
        return story
    held_by = [
        replace(each, lines=wanted)
        for each in story.accounts
        if (wanted := tuple(posted for posted in each.lines if posted.number == line))
    ]
    if not held_by:
        numbers = [posted.number for each in story.accounts for posted in each.lines]
        there = f"its lines are {min(numbers)} to {max(numbers)}" if numbers else "it has no lines"
        raise typer.BadParameter(f"this opportunity has no line {line}; {there}", param_hint="--line")
    return replace(story, accounts=tuple(held_by))


def _out(rows: Iterable[str]) -> None:
    out = console()
    for row in rows:
        out.print(row, markup=False, soft_wrap=True)


def _story(story: Story, rules: Rules, names: Names) -> Iterator[str]:
    yield from _head(story)
    yield from _deal(story, names)
    yield from _facts(story)
    yield ""
    yield "Credit"
    if not story.credits:
        yield "  none was decided"
    for credit in story.credits:
        yield from _credit(credit, names)
    if story.aside:
        yield ""
        yield "Set aside, because it was recorded after the deal was won"
        for proof in story.aside:
            yield from _wrapped(_proof(proof, names), 2)
    if story.findings:
        yield ""
        yield "To look at"
        for found in story.findings:
            yield from _wrapped(f"{found.severity}: {found.message} ({found.code})", 2)
    yield ""
    yield "Ledger"
    if not story.accounts:
        yield from _wrapped(_unpaid(story, rules), 2)
    for account in story.accounts:
        yield from _account(account, names)


def _head(story: Story) -> Iterator[str]:
    yield _cut(story.deal.name if story.deal else record(story.ref))
    yield f"  {story.ref.object} {record(story.ref)}"
    if story.unreadable:
        yield from _wrapped(f"It cannot be read now: {story.unreadable}. What was decided before stays.", 2)
    if story.stale:
        yield from _wrapped(story.stale, 2)


def _lines_only(story: Story, names: Names) -> Iterator[str]:
    yield from _head(story)
    for account in story.accounts:
        for posted in account.lines:
            yield from _posted(posted, account, names)


def _deal(story: Story, names: Names) -> Iterator[str]:
    deal = story.deal
    if deal is None:
        return
    amount = "no amount" if deal.amount is None else f"{_amount(deal.amount, deal.currency)}"
    closes = f", closes {deal.closes_on}" if deal.closes_on else ", no close date"
    yield f"  {deal.outcome} (stage {deal.stage}), {amount}{closes}"
    if deal.account is not None:
        yield _cut(f"  account {names(str(deal.account))}")
    owner = names.person(deal.ref.crm, deal.ref.org, deal.owner)
    if owner:
        yield _cut(f"  owner {owner}")
    if deal.partner_field:
        yield _cut(f"  partner field says {deal.partner_field}")


def _amount(amount: Decimal, currency: str | None) -> str:
    """An amount as the CRM gave it, with at least the decimals of its currency."""
    places = max(MINOR_UNITS.get(currency or "", 0), len(f"{amount.normalize():f}".partition(".")[2]))
    return f"{amount:,.{places}f} {currency or 'without a currency'}"


def _facts(story: Story) -> Iterator[str]:
    """Newest states first: of the deal, then of what surrounds it; those that a credit rests on are never left out."""
    yield ""
    yield "Facts looked at (* a credit rests on it)"
    deals = [fact for fact in story.facts if fact.kind == "opportunity"]
    others = [fact for fact in story.facts if fact.kind != "opportunity"]
    for several in (list(reversed(deals)), others):
        shown = [fact for at, fact in enumerate(several) if at < _FACTS or fact.used]
        for fact in shown:
            yield _cut(f"  {_fact(fact)}")
        if len(several) > len(shown):
            yield f"    … and {len(several) - len(shown)} more (--json lists all)"


def _fact(fact: Fact) -> str:
    mark = "*" if fact.used else " "
    by = f" by {fact.author}" if fact.author else ""
    gone = ", deleted" if fact.deleted else ""
    return f"{mark} {fact.kind:<12} {fact.record}, {fact.stamp:%Y-%m-%d %H:%M}{by}{gone}"


def _credit(credit: Credit, names: Names) -> Iterator[str]:
    share = credit.share * 100
    percent = (
        f"{share.numerator} %"
        if share.denominator == 1
        else f"{Decimal(share.numerator) / Decimal(share.denominator):.2f} %"
    )
    amount = f" = {credit.amount}" if credit.amount is not None else ""
    rule = f", rule {credit.rule}" if credit.rule != credit.partner else ""
    yield from _wrapped(f"{credit.role}: {names(credit.partner)}, {percent}{amount}{rule}", 2)
    for proof in credit.evidence:
        if not proof.late:
            yield from _wrapped(_proof(proof, names), 6)


def _proof(proof: Evidence, names: Names) -> str:
    by = names.person(proof.ref.crm, proof.ref.org, proof.author)
    when = f", {proof.at:%Y-%m-%d %H:%M}" if proof.at else ""
    who = f" by {by}" if by else ""
    note = proof.note.replace(proof.author, by) if proof.author and by else proof.note
    return f"{note or names(str(proof.ref))} ({proof.kind} {record(proof.ref)}{when}{who})"


def _account(account: Account, names: Names) -> Iterator[str]:
    key = account.key
    generation = f", generation {key.generation}" if key.generation > 1 else ""
    yield from _wrapped(f"{names(key.partner)}, {key.role}, {key.period}{generation}", 2)
    yield from _wrapped(f"{names(key.plan)}: rule {key.rule}", 4)
    owed = f"owed now {account.owed}, " if account.owed is not None else ""
    lines = len(account.lines)
    waits = f", to be posted {account.waits}" if account.waits else ""
    posted_so_far = f"posted {account.posted} in {lines} line{'' if lines == 1 else 's'}" if lines else "nothing posted"
    yield f"    {owed}{posted_so_far}{waits}"
    yield from _steps(account.steps)
    for posted in account.lines:
        yield from _posted(posted, account, names)


def _posted(posted: Posted, account: Account, names: Names) -> Iterator[str]:
    line, amount = posted.line, Money(posted.line.minor, account.key.currency)
    sign = "+" if line.minor > 0 else ""
    yield ""
    yield f"  Line {posted.number}: {sign}{amount} {line.kind}, posted in {line.posted_period}"
    yield _cut(f"    {names(account.key.partner)}, {names(account.key.plan)}")
    yield from _steps(posted.steps)


def _steps(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        label = step.title
        for sentence in step.sentences:
            room = WIDTH - 4 - _LABEL
            for part in textwrap.wrap(sentence, room, break_long_words=True, break_on_hyphens=False):
                yield f"    {label:<{_LABEL}}{part}"
                label = ""


def _unpaid(story: Story, rules: Rules) -> str:
    """Why the ledger knows nothing of a deal."""
    deal = story.deal
    held = [credit for credit in story.credits if credit.partner != "unassigned"]
    if rules.plans is None:
        return "the config pays no commission"
    if deal is not None and deal.outcome != "won":
        return f"nothing is owed: the deal is {deal.outcome}"
    if not held:
        return "nothing is owed: no partner is credited"
    if deal is not None and deal.closes_on and deal.closes_on < rules.plans.starts_on:
        return f"nothing is owed: it closed on {deal.closes_on}, before commission.starts_on ({rules.plans.starts_on})"
    return (
        "nothing is owed: no plan under commission.plans pays a credited partner of this deal (see `when` and `role`)"
    )


def _field(told: field_told.Told, story: Story) -> Iterator[str]:
    name = story.deal.name if story.deal else ""
    yield _cut(f"{told.field} on {told.record}")
    if name:
        yield _cut(f"  {name}")
    rows = [
        ("holds", f"{told.value}, policy {told.policy}"),
        ("should say", (told.desired or "nothing (empty)") if told.known else "not known"),
        ("why", told.why),
        ("we last sent", f"{told.sent or 'empty'}, {told.sent_at:%Y-%m-%d %H:%M}" if told.sent_at else "nothing yet"),
        ("the CRM says", "not shown to us (hidden or deleted)" if told.hidden else told.current or "nothing (empty)"),
    ]
    if told.edited_at is not None:
        rows.append(("edited", f"{told.edited_at:%Y-%m-%d %H:%M}{f' by {told.editor}' if told.editor else ''}"))
    rows.append(("the next plan", told.sentence))
    yield from _steps(Step(label, (sentence,)) for label, sentence in rows if sentence)


def _wrapped(text: str, indent: int) -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2), break_on_hyphens=False
    )


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
