"""Puts a programme into a world: what an admin sets up first, then everything that people entered."""

from datetime import date
from pathlib import Path

import orjson

from sandbox.generator import hubspot, salesforce
from sandbox.generator.files import write_csv
from sandbox.generator.generation import generate
from sandbox.generator.programme import Programme
from sandbox.generator.regions import CURRENCIES, REPORTING
from sandbox.generator.sizes import Size
from sandbox.wire import build_request
from sandbox.world import World


def populate(
    world: World, seed: int, size: Size | str, today: date, csv_dir: Path | None = None, bare: bool = False
) -> Programme:
    """Generate a programme, load it into an empty world and, if asked, write its CSV files.

    With `bare`, HubSpot lacks the properties that partnersync writes to. Raises: ValueError for a size that is none,
    or a world that already holds records.
    """
    programme = generate(seed, size, today)
    into(world, programme, bare)
    if csv_dir is not None:
        write_csv(programme, csv_dir)
    return programme


def into(world: World, programme: Programme, bare: bool = False) -> None:
    """Load a programme into an empty world. Raises: ValueError if it already holds records."""
    if world.salesforce.dump("Account", False) or world.hubspot.dump("companies", False):
        raise ValueError("the world already holds records; a programme goes into an empty one")
    with world.store.write(hooked=False):
        _fill_salesforce(world, programme)
        _fill_hubspot(world, programme, bare)


def _fill_salesforce(world: World, programme: Programme) -> None:
    org = world.salesforce
    for sobject, definition in salesforce.FIELDS:
        org.add_field(sobject, definition)
    org.load("OpportunityStage", [salesforce.STAGE_ROW])
    org.load("User", salesforce.users(programme))
    org.load("Account", salesforce.accounts(programme))
    org.load("Opportunity", salesforce.opportunities(programme))
    org.load("OpportunityHistory", list(salesforce.stage_history(programme)))
    org.load("Task", salesforce.tasks(programme))


def _fill_hubspot(world: World, programme: Programme, bare: bool) -> None:
    portal = world.hubspot
    latest = {rate.base: f"{rate.rate:.6f}" for rate in programme.rates}
    extra = tuple(code for code in CURRENCIES if code != REPORTING)
    world.settings.update("hubspot", {"additional_currencies": extra, "exchange_rates": latest})
    for kind, definition in (*hubspot.REPS_OWN, *(() if bare else hubspot.OURS)):
        portal.add_property(kind, definition)
    portal.add_pipeline("deals", hubspot.PIPELINE)
    _extend_deal_types(world)
    for owner in hubspot.owners(programme):
        portal.add_owner(owner)
    portal.load("companies", hubspot.companies(programme))
    portal.load("deals", hubspot.deals(programme))
    portal.load("tasks", hubspot.tasks(programme))
    portal.associate_many("deals", "companies", list(hubspot.deal_companies(programme)))
    portal.associate_many("companies", "companies", list(hubspot.parent_companies(programme)), 14)
    portal.associate_many("tasks", "deals", list(hubspot.task_deals(programme)))


def _extend_deal_types(world: World) -> None:
    """As an admin would over the API: a portal's own deal types beside the two it comes with."""
    token = world.settings.hubspot.token
    request = build_request(
        "PATCH",
        "/crm/v3/properties/deals/dealtype",
        [("authorization", f"Bearer {token}"), ("content-type", "application/json")],
        orjson.dumps({"options": hubspot.DEAL_TYPE_OPTIONS}),
    )
    reply = world.hubspot.answer(request)
    if reply.status != 200:
        raise ValueError(f"the portal refused its deal types: {reply.status} {reply.body!r}")
