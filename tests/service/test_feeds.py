"""What is asked of each source: every mapped field, the config's own, and those that we write back."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from service.feeds import feeds
from service.settings import load


def test_every_mapped_and_every_written_field_is_asked_for_once(tmp_path: Path) -> None:
    template = (files("service") / "templates" / "demo.yaml").read_text(encoding="utf-8")
    (tmp_path / "p.yaml").write_text(
        template.replace("@SALESFORCE@", "http://127.0.0.1:1").replace("@HUBSPOT@", "http://127.0.0.1:1")
    )

    found = {feed.name: feed for feed in feeds(load(tmp_path / "p.yaml").settings)}

    assert {"Website", "Partner_Open_Deals__c", "Partner__c"} <= set(found["salesforce.Account"].fields)
    assert {"partner", "partnersync_partner", "dealstage"} <= set(found["hubspot.deals"].fields)
    assert found["registrations.csv"].layout is not None
    assert found["registrations.csv"].layout.id == "id"
    assert all(len(set(feed.fields)) == len(feed.fields) for feed in found.values())
