"""The mapping sections of the config: the example is right, and one mistake makes one message on its own line."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from mapping.conditions import When
from mapping.config import vocabulary


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("use: registration}", "use: registratoin}", "expected one of registration, field, touchpoints"),
        ("use: registration}", "uze: registration}", "did you mean 'use'?"),
        ("use: field, field: partner_field", "use: field, field: partnerfield", "did you mean 'partner_field'?"),
        ("model: linear", "model: liner", "did you mean 'linear'?"),
        ("credit_unit: touch", "credit_unit: touches", "did you mean 'touch'?"),
        ("credit_unit: touch", "credit_unitt: touch", "did you mean 'credit_unit'?"),
        ("days: 180", "days: -1", "greater than or equal to 0"),
        ("days: 180", "days: 180d", "expected a whole number"),
        ("from: salesforce.Opportunity", "from: saleforce.Opportunity", "did you mean 'salesforce'?"),
        ("from: salesforce.Opportunity", "from: Opportunity", "expected connection.Object or file:name.csv"),
        ("won: [Closed Won]", "won: [Prospecting]", "'Prospecting' already means open"),
        ("won: [Closed Won]", "won: Closed Won", "expected a list such as [a, b]"),
        ("renewal: [Renewal]", "renewal: [New Business]", "'New Business' already means new"),
        ("        type: {new: [New", "        tipe: {new: [New", "'tipe' is not among the fields of this source"),
        ("segment: {field", "amount: {field", "'amount' is a word of ours already"),
        ("segment: {field: Segment__c}", "segment: {field: Segment__c, type: texd}", "did you mean 'text'?"),
        ("system_of_record: salesforce", "system_of_record: salesforc", "did you mean 'salesforce'?"),
        ("{id: globex,", "{id: acme,", "the partner 'acme' is already in the list"),
        ("type: referral", "type: referal", "did you mean 'referral'?"),
        ("id: rep-field", "id: registered", "the rule 'registered' already stands under sourced"),
        ("id: rep-field", "id: Rep Field", "lower-case letters, digits and hyphens"),
        ("currency: USD, system", "currency: US, system", "ISO 4217"),
        ("inline:", "inlin:", "did you mean 'inline'?"),
        ("from: 2026-01-01, to", "from: 1 January, to", "expected a date such as 2026-02-01"),
        ("stage: StageName", "stagee: StageName", "did you mean 'stage'?"),
    ],
)  # fmt: skip
def test_one_mistake_makes_one_message(office: Any, old: str, new: str, message: str) -> None:
    text = office.edited((old, new))

    problems = office.problems(text)

    assert message in "\n".join(problems)
    assert len(problems) <= 2
    assert any(problem.startswith(f"{_line(office.config, old)}:") for problem in problems), problems


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("{opportunity.segmnt: x}", "did you mean 'opportunity.segment'?"),
        ("{opportunity.seats: many}", "opportunity.seats is a number"),
        ("{opportunity.stage: Closed Wonn}", "did you mean 'Closed Won'?"),
        ("{opportunity.amount: {at_least: 1000}}", "write it with its currency"),
        ("{attribution.sourced: missing}", "attribution.sourced is not known here"),
        ("{registration.status: won}", "registration.status is not known here"),
        ("new", "expected conditions such as"),
    ],
)
def test_conditions_are_held_against_the_whole_config(office: Any, when: str, message: str) -> None:
    text = office.edited(("field: partner_field}", "field: partner_field, when: " + when + "}"))

    (problem,) = office.problems(text)

    assert message in problem


def test_a_field_of_ones_own_must_not_hide_one_of_ours(office: Any) -> None:
    text = office.edited(("ParentId}\n", "ParentId}\n      extra: {owner: {field: X__c}}\n"))

    assert office.problems(text) == [
        "6:15: sources.account[0].extra.owner: 'owner' is a word of ours already (choose another name)"
    ]


def test_a_condition_on_a_registration_stands_where_registrations_are_used(office: Any) -> None:
    text = office.edited(
        ("use: registration}", "use: registration, when: {registration.submitted_at: {after: 2026-01-01}}}")
    )

    assert office.problems(text) == []


def test_a_mapped_type_is_one_of_its_words_only_while_every_source_maps_it(office: Any) -> None:
    both = office.edited(("field: partner_field}", "field: partner_field, when: {opportunity.type: upsell}}"))

    assert "opportunity.type is never 'upsell'" in office.problems(both)[0]
    assert vocabulary(office.sections()).fields["opportunity.type"].choices == ("new", "renewal")


def test_a_condition_survives_a_round_through_its_own_text(office: Any) -> None:
    class Model(BaseModel):
        when: When

    tree = {"opportunity.type": ["new"], "any": [{"partner.tier": "gold"}, {"account.domain": "missing"}]}
    model = Model.model_validate({"when": tree})

    assert model.model_dump(mode="json") == {"when": tree}
    assert TypeAdapter(Model).validate_python(model.model_dump(mode="json")) == model
    assert "opportunity.amount" in Model.model_json_schema()["properties"]["when"]["properties"]


def _line(text: str, passage: str) -> int:
    return text[: text.index(passage)].count("\n") + 1 + (len(passage) - len(passage.lstrip("\n")))
