"""``partnersync sandbox``: a Salesforce and a HubSpot over HTTP on this machine, filled from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    db: Annotated[
        Path | None, typer.Option(help="Keep the world in this file; without it, it ends with the process.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port on loopback; 0 takes a free one.")] = 8765,
    seed: Annotated[int | None, typer.Option(help="Fill an empty world from this seed.")] = None,
    size: Annotated[str, typer.Option(help="tiny, small, medium, large, or OPPORTUNITIES/ACCOUNTS per CRM.")] = "small",
    csv: Annotated[Path | None, typer.Option(help="Write the partner programme's CSV files into this folder.")] = None,
) -> None:
    """Run a simulated Salesforce and HubSpot on this machine until you press Ctrl-C.

    Salesforce: client id `sandbox-client`, secret `sandbox-secret`. HubSpot: token `pat-na1-sandbox-token`.
    Faults, clock, edits and counters are under /_sandbox/.
    """
    from sandbox.process import serve

    serve(db, port=port, seed=seed, size=size, csv=csv)
