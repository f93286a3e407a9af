"""``partnersync pull``: read what changed and remember it."""

from __future__ import annotations

from connectors.base import Freshness
from partnersync.errors import ConnectorError
from service.commands.run import Full, show_stopped
from service.options import DEFAULT_CONFIG, ConfigFile, Json, Verbose
from service.render import console, print_json, print_table
from service.shop import opened
from service.steps.pull import pull
from service.watching import Bars

WORDS = ("seen", "new", "changed", "deleted", "quarantined")


def command(
    config: ConfigFile = DEFAULT_CONFIG, full: Full = False, json: Json = False, verbose: Verbose = False
) -> None:
    """Read what changed in the CRMs and files; writes nothing to any of them."""
    with opened(config, json_logs=json, verbose=verbose) as shop, Bars() as bars, shop.running() as fence:
        bars.step("pull")
        freshness: Freshness = "cold" if full else "hot"
        pulled = pull(shop, fence, dict.fromkeys(shop.settings.connections, freshness), bars.at)
    if json:
        feeds = {name: dict(counts) for name, counts in pulled.by_feed.items()}
        stopped = {name: str(problem) for name, problem in pulled.stopped.items()}
        print_json({"feeds": feeds, "failed": pulled.failed, "stopped": stopped})
    else:
        rows = [[name, *(f"{counts[word]:,}" for word in WORDS)] for name, counts in sorted(pulled.by_feed.items())]
        print_table("", ["source", "read", "new", "changed", "deleted", "set aside"], rows, right=(1, 2, 3, 4, 5))
        show_stopped(pulled, console())
    if pulled.failed:
        raise ConnectorError("; ".join(f"{name}: {reason}" for name, reason in sorted(pulled.failed.items())))
