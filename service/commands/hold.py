"""``partnersync hold``: what may not be written or paid again, and letting go of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer
from rich.text import Text

from partnersync.ids import Ref
from partnersync.lines import TakenBack
from service.options import DEFAULT_CONFIG, ConfigFile, Json
from service.overview import held_back, record
from service.render import console, print_json
from service.shop import looking, opened
from state.holds import Hold, Holds
from state.reversals import Reversals

app = typer.Typer(help="What may not be written or paid again.", no_args_is_help=True)
_Held = TypeVar("_Held", Hold, TakenBack)


@app.command("list")
def listed(config: ConfigFile = DEFAULT_CONFIG, json: Json = False) -> None:
    """List every value that is not written again and every amount that is not paid, with the reason."""
    with looking(config) as shop:
        held = list(held_back(shop))
    if json:
        print_json(held)
        return
    out = console()
    for each in held:
        out.print(Text(each.sentence))
    if not held:
        out.print("Nothing is held.")


@app.command()
def release(
    run: Annotated[int | None, typer.Option("--run", help="All that is held of this run.")] = None,
    what: Annotated[str | None, typer.Option("--record", help="All of this record: its id, or salesforce:006…")] = None,
    field: Annotated[str | None, typer.Option("--field", help="This field alone, of the record or the run.")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    json: Json = False,
) -> None:
    """Let go: the next run writes and posts what is right by then."""
    if run is None and what is None:
        raise typer.BadParameter("say what to release: --run or --record", param_hint="--run")
    with opened(config) as shop, shop.running() as fence:
        held = _chosen(Holds(shop.database).all(), run, what, lambda each: each.ref)
        holds = [each for each in held if field is None or each.field == field]
        amounts: list[TakenBack] = []
        if field is None:
            amounts = _chosen(Reversals(shop.database).all(), run, what, lambda each: each.key.opportunity)
        if not holds and not amounts:
            raise typer.BadParameter("nothing of it is held: partnersync hold list", param_hint="--run")
        now = shop.clock.now()
        Holds(shop.database).release(fence, [(each.ref, each.field) for each in holds], now)
        Reversals(shop.database).end(fence, [each.key for each in amounts], now)
    if json:
        print_json({"fields": len(holds), "amounts": len(amounts)})
    else:
        console().print(
            f"Released {len(holds):,} fields and {len(amounts):,} amounts: the next run writes what is right."
        )


def _chosen(held: Sequence[_Held], run: int | None, what: str | None, ref: Callable[[_Held], Ref]) -> list[_Held]:
    return [
        each
        for each in held
        if (run is None or each.run == run)
        and (what is None or what in (ref(each).id, record(ref(each)), str(ref(each))))
    ]
