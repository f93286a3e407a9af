"""The control endpoint `/_sandbox/…`: what a test or a person does to the world behind the clients' backs.

GET health, counters (`?log=N`), faults, clock, settings, dump (`?crm=&object=&stamps=0`) and
POST counters/reset, faults (one rule or a list), clock {move|set|freeze}, settings {vendor: {…}},
create|edit|delete|restore|merge {crm, object, id, fields, as}, field {crm, object, definition},
load {crm, object, rows}, sessions/end (every Salesforce session at once); DELETE faults (`?id=N` for one).
Mistakes answer 400 with {"message"}.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import ValidationError

from sandbox.faults import Rule
from sandbox.wire import Reply, Request, Vendor, json_reply
from sandbox.world import World

_SORTED = orjson.OPT_SORT_KEYS


class Control:
    """Answers control calls on one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "health"): self._health,
            ("GET", "counters"): self._counters,
            ("POST", "counters/reset"): self._reset,
            ("GET", "faults"): lambda request: self._world.faults.report(),
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._remove_faults,
            ("GET", "clock"): lambda request: self._clock(),
            ("POST", "clock"): self._set_clock,
            ("GET", "settings"): lambda request: self._world.settings.report(),
            ("POST", "settings"): self._set_settings,
            ("GET", "dump"): self._dump,
            ("POST", "create"): self._create,
            ("POST", "edit"): self._edit,
            ("POST", "delete"): self._delete,
            ("POST", "restore"): self._restore,
            ("POST", "merge"): self._merge,
            ("POST", "field"): self._field,
            ("POST", "load"): self._load,
            ("POST", "sessions/end"): lambda request: {"ended": self._world.salesforce.signin.revoke_all()},
        }

    def answer(self, request: Request) -> Reply:
        """Do what a control call asks."""
        name = request.path.removeprefix("/_sandbox/").strip("/")
        route = self._routes.get((request.method, name))
        if route is None:
            known = sorted(f"{method} /_sandbox/{path}" for method, path in self._routes)
            return json_reply(
                404,
                {"message": f"no control call {request.method} {name}", "known": known},
            )
        try:
            value = route(request)
        except ValidationError as error:
            return json_reply(400, {"message": str(error)})
        except KeyError as error:
            return json_reply(400, {"message": f"unknown or missing: {error.args[0]}"})
        except (ValueError, TypeError) as error:
            return json_reply(400, {"message": str(error)})
        return Reply(
            200,
            orjson.dumps(value, option=_SORTED),
            {"content-type": "application/json"},
        )

    def _health(self, request: Request) -> Any:
        return {"status": "ok", "now": self._world.clock.now().isoformat()}

    def _counters(self, request: Request) -> Any:
        return self._world.counters.report(int(request.param("log", "0") or 0))

    def _reset(self, request: Request) -> Any:
        self._world.counters.reset()
        return {"reset": True}

    def _add_faults(self, request: Request) -> Any:
        value = request.json()
        rules = [Rule.model_validate(one) for one in (value if isinstance(value, list) else [value])]
        return {"ids": [self._world.faults.add(rule) for rule in rules]}

    def _remove_faults(self, request: Request) -> Any:
        number = request.param("id")
        return {"removed": self._world.faults.remove(int(number) if number else None)}

    def _clock(self) -> Any:
        clock = self._world.clock
        return {
            "now": clock.now().isoformat(),
            "now_ms": clock.now_ms(),
            "frozen": clock.frozen,
        }

    def _set_clock(self, request: Request) -> Any:
        clock = self._world.clock
        for key, value in _mapping(request).items():
            match key:
                case "move":
                    clock.move(float(value))
                case "set":
                    at = datetime.fromisoformat(value)
                    if at.tzinfo is None:
                        raise ValueError(f"set needs an offset or Z: {value}")
                    clock.set(at)
                case "freeze":
                    if value:
                        clock.freeze()
                    else:
                        clock.unfreeze()
                case _:
                    raise ValueError(f"unknown clock order: {key}")
        return self._clock()

    def _set_settings(self, request: Request) -> Any:
        for vendor, changes in _mapping(request).items():
            self._world.settings.update(vendor, changes)
        return self._world.settings.report()

    def _dump(self, request: Request) -> Any:
        stamps = request.param("stamps", "1") not in ("0", "false")
        crm, name = request.param("crm"), request.param("object")
        found: dict[str, dict[str, Any]] = {}
        for vendor in self._world.vendors:
            if crm is None or crm == vendor.name:
                objects = vendor.objects() if name is None else [name]
                found[vendor.name] = {one: vendor.dump(one, stamps) for one in objects}
        if crm is not None and name is not None:
            return found[crm][name]
        return found

    def _create(self, request: Request) -> Any:
        order, vendor = self._order(request)
        return {"id": vendor.create(order["object"], order["fields"], order.get("as", ""))}

    def _edit(self, request: Request) -> Any:
        order, vendor = self._order(request)
        vendor.edit(order["object"], str(order["id"]), order["fields"], order.get("as", ""))
        return {"id": order["id"]}

    def _delete(self, request: Request) -> Any:
        order, vendor = self._order(request)
        vendor.delete(order["object"], str(order["id"]), order.get("as", ""))
        return {"id": order["id"]}

    def _restore(self, request: Request) -> Any:
        order, vendor = self._order(request)
        vendor.restore(order["object"], str(order["id"]), order.get("as", ""))
        return {"id": order["id"]}

    def _merge(self, request: Request) -> Any:
        order, vendor = self._order(request)
        losers = [str(loser) for loser in order["losers"]]
        return {"id": vendor.merge(order["object"], str(order["id"]), losers, order.get("as", ""))}

    def _field(self, request: Request) -> Any:
        order, vendor = self._order(request)
        vendor.add_field(order["object"], order["definition"])
        return {"object": order["object"]}

    def _load(self, request: Request) -> Any:
        order, vendor = self._order(request)
        return {"ids": vendor.load(order["object"], order["rows"])}

    def _order(self, request: Request) -> tuple[Mapping[str, Any], Vendor]:
        order = _mapping(request)
        return order, self._world.vendor(order["crm"])


def _mapping(request: Request) -> dict[str, Any]:
    value = request.json()
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    return value
