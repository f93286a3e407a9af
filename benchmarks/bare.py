"""Bare loops over the vendors' own clients: what a careful afternoon's script does, which stores and checks nothing.

``python -m benchmarks.bare salesforce|hubspot URL ORDER`` is a process of its own: it reads every account or company and
every opportunity or deal (ORDER ``full``), or those changed since the stamp in ORDER, and prints a JSON line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from hubspot import HubSpot
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from benchmarks.worker import peak_mb
from benchmarks.world import SECRETS, World

FULL = "full"
FIELDS = {
    "Account": ("Name", "Website", "ParentId", "OwnerId", "Partner__c", "Partner_Open_Deals__c"),
    "Opportunity": (
        *("Name", "AccountId", "Amount", "CurrencyIsoCode", "CloseDate", "StageName", "Type", "OwnerId", "Partner__c"),
        *("Partner_Account__c", "Partner_Role__c", "Partner_Commission__c", "Partner_Credited_On__c"),
    ),
    "companies": ("name", "domain", "hubspot_owner_id", "createdate", "partnersync_partner", "partnersync_open_deals"),
    "deals": (
        *("dealname", "hs_primary_associated_company", "amount", "deal_currency_code", "closedate", "createdate"),
        *("dealstage", "dealtype", "hubspot_owner_id", "partner", "partnersync_partner", "partnersync_partner_role"),
        *("partnersync_commission", "partnersync_credited_on"),
    ),
}
"""What the demo's config maps and writes: the same fields that our pull asks for."""
_SYSTEM = ("Id", "CreatedDate", "SystemModstamp", "LastModifiedById", "IsDeleted")


def bare(here: World, crm: str, order: str = FULL) -> Mapping[str, Any]:
    """The figures of one bare loop in a process of its own: records, wall, cpu, peak_mb."""
    command = [sys.executable, "-m", "benchmarks.bare", crm, here.url, order]
    told: Mapping[str, Any] = json.loads(subprocess.check_output(command, text=True, env=here.environment))
    return told


def _salesforce(url: str, since: str) -> int:
    answer = requests.post(
        f"{url}/services/oauth2/token",
        {
            "grant_type": "client_credentials",
            "client_id": SECRETS["SF_CLIENT_ID"],
            "client_secret": SECRETS["SF_CLIENT_SECRET"],
        },
        timeout=30,
    ).json()
    session = requests.Session()
    session.mount("https://", _Plain())
    client = Salesforce(session_id=answer["access_token"], instance_url=url, version="62.0", session=session)
    where = "" if since == FULL else f" WHERE SystemModstamp >= {since}"
    read = 0
    for object_ in ("Account", "Opportunity"):
        fields = ", ".join((*_SYSTEM, *FIELDS[object_]))
        query = f"SELECT {fields} FROM {object_}{where}"  # noqa: S608 (our own words)
        read += len(client.query_all(query)["records"])
    return read


class _Plain(HTTPAdapter):
    """simple-salesforce knows https alone; the sandbox speaks http."""

    def send(self, request: requests.PreparedRequest, *args: Any, **named: Any) -> requests.Response:
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *args, **named)


def _hubspot(url: str, since: str) -> int:
    crm = HubSpot(access_token=SECRETS["HUBSPOT_TOKEN"], host=url).crm
    read = 0
    for object_ in ("companies", "deals"):
        after = None
        api = crm.objects.basic_api if since == FULL else crm.objects.search_api
        while True:
            if since == FULL:
                page = api.get_page(object_, limit=100, properties=list(FIELDS[object_]), after=after)
            else:
                changed = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": since}
                request = {
                    "filterGroups": [{"filters": [changed]}],
                    "properties": list(FIELDS[object_]),
                    "limit": 200,
                }
                page = api.do_search(object_, request if after is None else {**request, "after": after})
            read += len(page.results)
            if page.paging is None or page.paging.next is None:
                break
            after = page.paging.next.after
    return read


LOOPS: Mapping[str, Callable[[str, str], int]] = {"salesforce": _salesforce, "hubspot": _hubspot}


def main() -> None:
    """Run one loop and print its figures."""
    crm, url, order = sys.argv[1:4]
    wall, cpu = time.perf_counter(), time.process_time()
    read = LOOPS[crm](url, order)
    figures = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps({"records": read, **figures, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main()
