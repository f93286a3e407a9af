"""The whole sandbox in one value: the store, the clock, the switches, both vendors, faults and counters."""

from dataclasses import dataclass
from pathlib import Path

from sandbox.clock import Clock
from sandbox.counters import Counters
from sandbox.faults import Faults
from sandbox.hubspot import HubSpot
from sandbox.salesforce import Salesforce
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.wire import Vendor


@dataclass(frozen=True, slots=True)
class World:
    """Everything one sandbox holds."""

    store: Store
    clock: Clock
    settings: Settings
    faults: Faults
    counters: Counters
    salesforce: Salesforce
    hubspot: HubSpot

    @classmethod
    def open(cls, path: str | Path | None = None) -> "World":
        """Open a world kept in `path`, or a temporary one."""
        store = Store(path)
        clock = Clock(store)
        settings = Settings(store)
        return cls(
            store,
            clock,
            settings,
            Faults(),
            Counters(),
            Salesforce(store, clock, settings),
            HubSpot(store, clock, settings),
        )

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        """Both vendors."""
        return (self.salesforce, self.hubspot)

    def vendor(self, name: str) -> Vendor:
        """A vendor by name. Raises: `KeyError`."""
        for vendor in self.vendors:
            if vendor.name == name:
                return vendor
        raise KeyError(name)

    def close(self) -> None:
        """Close the store."""
        self.store.close()
