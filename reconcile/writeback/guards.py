"""The limits a plan must keep to be applied without a person; all are judged on the whole plan, before the first write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from partnersync.changes import FieldChange, Plan, TaskChange
from partnersync.errors import UnsafePlanError
from partnersync.money import Money, to_minor
from reconcile.writeback.config import Guards

SENDING = frozenset({"write", "clear", "task_create", "task_update", "task_close"})


@dataclass(frozen=True, slots=True)
class Situation:
    """What the plan itself does not know.

    ``reachable``: how many records the config may write to. ``moved``: gross commission of the lines that this cycle would
    post, by currency, in minor units. ``shrunk``: by source, how many records the last full read brought and this one.
    ``pull_failed``: what could not be read. ``approved_config``: whether a person approved this version of the rules.
    """

    reachable: int
    moved: Mapping[str, int] = field(default_factory=dict)
    shrunk: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    pull_failed: tuple[str, ...] = ()
    approved_config: bool = True


def reasons(plan: Plan, limits: Guards, situation: Situation) -> tuple[str, ...]:
    """Why this plan must wait for a person, one sentence each; empty: it may be applied."""
    found: list[str] = []
    sending = [change for change in plan.changes if change.action in SENDING]
    if not situation.approved_config and limits.first_run == "plan" and (sending or situation.moved):
        found.append("this version of the config has not been approved yet: look at the plan, then approve it")
    if len(sending) > limits.max_changes:
        found.append(f"{len(sending)} changes are more than guards.max_changes allows ({limits.max_changes})")
    touched = len({change.ref for change in sending if isinstance(change, FieldChange)})
    if situation.reachable and Fraction(touched, situation.reachable) > limits.max_share:
        share = Decimal(100 * touched) / Decimal(situation.reachable)
        found.append(
            f"{touched} of {situation.reachable} records ({share:.1f} %) would change, "
            f"more than guards.max_share allows ({_percent(limits.max_share)})"
        )
    clears = sum(1 for change in sending if change.action == "clear")
    if clears > limits.max_clears:
        found.append(f"{clears} fields would be emptied, more than guards.max_clears allows ({limits.max_clears})")
    owners = Counter(c.owner or "nobody" for c in sending if isinstance(c, TaskChange) and c.action == "task_create")
    for owner, count in sorted(owners.items()):
        if count > limits.max_tasks_per_owner:
            found.append(
                f"{count} new tasks for {owner} are more than guards.max_tasks_per_owner allows "
                f"({limits.max_tasks_per_owner})"
            )
    found += _money(limits, situation)
    for source, (before, now) in sorted(situation.shrunk.items()):
        if before and Fraction(before - now, before) > limits.max_shrink:
            found.append(
                f"{source} returned {now} records, {before} before: more than guards.max_shrink allows "
                f"({_percent(limits.max_shrink)})"
            )
    found += [f"the pull of {what} ended in an error" for what in situation.pull_failed]
    return tuple(found)


def moved_totals(moved: Mapping[str, int]) -> dict[str, int]:
    """Gross commission by currency as totals of the plan that a person reads with it."""
    return {f"commission {currency}": minor for currency, minor in sorted(moved.items()) if minor}


def unread(approved: Plan, limits: Guards, situation: Situation) -> tuple[str, ...]:
    """Why a yes to the plan ``approved`` is none to what would be posted now; empty: nothing over a limit came since.

    Its changes need no second look, for of them only those are sent that still hold. Lines belong to no change: more
    commission than when the plan was read is held against the limit anew.
    """
    told = approved.totals
    more = {name: minor for name, minor in situation.moved.items() if minor > told.get(f"commission {name}", 0)}
    return tuple(_money(limits, replace(situation, moved=more)))


def guard(plan: Plan, limits: Guards, situation: Situation) -> None:
    """Let the plan pass.

    Raises:
        UnsafePlanError: it is over a limit; carries the plan and every reason.
    """
    found = reasons(plan, limits, situation)
    if found:
        raise UnsafePlanError(found, plan)


def _money(limits: Guards, situation: Situation) -> list[str]:
    """The limit is an amount in one currency; another currency is held against the same number of its own units."""
    if limits.max_commission_moved is None:
        return []
    amount, named = limits.max_commission_moved
    found = []
    for currency, minor in sorted(situation.moved.items()):
        if minor > to_minor(amount, currency):
            allowed = f"{amount:,f} {named}" if currency == named else f"{amount:,f} {currency}"
            found.append(
                f"{Money(minor, currency)} of commission would move, more than guards.max_commission_moved allows ({allowed})"
            )
    return found


def _percent(share: Fraction) -> str:
    return f"{(Decimal(share.numerator) * 100 / Decimal(share.denominator)).normalize():f} %"
