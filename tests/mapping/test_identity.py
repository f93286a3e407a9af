"""Which company is meant: domains as registered, names as spoken, and partners only where exactly one fits."""

from __future__ import annotations

import pytest

from mapping.identity import Ambiguous, Named, Nobody, PartnerIndex, full_id, normal_name, registrable_domain
from partnersync.facts import Partner


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.acme.co.uk/about?x=1", "acme.co.uk"),
        ("Jo@ACME.co.uk", "acme.co.uk"),
        ("acme.com.", "acme.com"),
        ("http://user:secret@shop.acme.com:8080/", "acme.com"),
        ("mailto:jo@acme.com", "acme.com"),
        ("https://acme.com#top", "acme.com"),
        ("münchen-software.de", "xn--mnchen-software-zvb.de"),
        ("XN--MNCHEN-SOFTWARE-ZVB.DE", "xn--mnchen-software-zvb.de"),
        ("shop.github.io", "shop.github.io"),
        ("github.io", None),
        ("co.uk", None),
        ("someone@gmail.com", None),
        ("mail.google.com", None),
        ("https://www.linkedin.com/company/acme", None),
        ("10.0.0.1", None),
        ("http://[::1]:80/", None),
        ("1.2.3", None),
        ("localhost", None),
        ("Acme Inc.", None),
        ("foo..bar.com", None),
        ("", None),
        (None, None),
    ],
)
def test_a_domain_is_what_somebody_registered(text: str | None, domain: str | None) -> None:
    assert registrable_domain(text) == domain


def test_a_config_adds_domains_that_many_share() -> None:
    assert registrable_domain("a@example.net") == "example.net"
    assert registrable_domain("a@example.net", frozenset({"example.net"})) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Müller & Söhne GmbH & Co. KG", "muller and sohne"),
        ("MULLER AND SOHNE", "muller and sohne"),
        ("ACME S.A. de C.V.", "acme"),
        ("The Acme Company", "acme"),
        ("Foo Sp. z o.o.", "foo"),
        ("Ørsted A/S", "orsted"),
        ("O'Neil Ltd", "oneil"),
        ("A.B.C., LLC", "abc"),
        ("Inc.", "inc"),
        ("Straße AG", "strasse"),
        ("株式会社トヨタ", "株式会社トヨタ"),
        ("Acme Group", "acme group"),
        ("...", ""),
    ],
)
def test_a_name_is_compared_without_case_accents_and_legal_form(text: str, name: str) -> None:
    assert normal_name(text) == name


def test_a_short_salesforce_id_names_the_same_record_as_the_long_one() -> None:
    assert full_id("salesforce", "001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert full_id("salesforce", "001A0000006Vm9rIAC") == "001A0000006Vm9rIAC"
    assert full_id("hubspot", "123456789012345") == "123456789012345"


INDEX = PartnerIndex(
    {
        partner.id: partner
        for partner in (
            Partner("acme", "Acme Computing Inc", "reseller", domains=("www.acme-computing.com",),
                    crm_ids={"salesforce": "001A0000006Vm9r"}),
            Partner("globex", "Globex GmbH", "referral", aliases=("The Globe", "North")),
            Partner("globex-uk", "Globex Ltd", "referral", domains=("globex.co.uk",)),
            Partner("north", "Northwind", "agency"),
            Partner("free", "Free Rider", "agency", domains=("gmail.com",)),
        )
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "crm", "found"),
    [
        ("acme", None, Named("acme", "id")),
        ("001A0000006Vm9rIAC", "salesforce", Named("acme", "crm id")),
        ("001A0000006Vm9r", "salesforce", Named("acme", "crm id")),
        ("001A0000006Vm9r", "hubspot", Nobody()),
        ("jo@acme-computing.com", None, Named("acme", "domain")),
        ("the globe", None, Named("globex", "alias")),
        ("ACME computing", None, Named("acme", "name")),
        ("Globex", None, Ambiguous(("globex", "globex-uk"), "name")),
        ("North", None, Named("globex", "alias")),
        ("north", None, Named("north", "id")),
        ("gmail.com", None, Nobody()),
        ("", None, Nobody()),
    ],
)
def test_a_partner_is_found_only_where_exactly_one_fits(
    text: str, crm: str | None, found: Named | Ambiguous | Nobody
) -> None:
    assert INDEX.resolve(text, crm) == found


def test_a_similar_name_is_a_suggestion_and_never_a_partner() -> None:
    assert INDEX.resolve("Acme Compting") == Nobody(("acme",))
    assert INDEX.resolve("partner??") == Nobody()


def test_a_domain_of_two_partners_is_reported() -> None:
    index = PartnerIndex({name: Partner(name, name, "agency", domains=("one.com",)) for name in ("a", "b")})

    assert list(index.shared_domains()) == [("one.com", ("a", "b"))]
    assert index.resolve("one.com") == Ambiguous(("a", "b"), "domain")
