"""``partnersync explain``: from a CRM field or a ledger line back to the facts, without asking any CRM."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from partnersync.money import Money
from tests.service.lived import FORMULA, Lived, Run

ORDER = ["Plan", "Effective", "Inputs", "Credit", "Computation", "Rounding", "Posted before", "Difference", "Posted in"]


def test_a_line_is_explained_in_the_order_of_the_computation(lived: Lived, ask: Run) -> None:
    answer = ask("explain", lived.grown.key.opportunity.id, "--line", "1")
    titles = re.findall(r"^    ([A-Z][a-z]+(?: [a-z]+)?) {2,}", answer.out, re.MULTILINE)

    assert answer.code == 0
    assert titles == ORDER


def test_what_is_owed_is_what_the_lines_sum_to(lived: Lived, ask: Run) -> None:
    told = ask("explain", lived.grown.key.opportunity.id, "--json").json

    for account in told["ledger"]:
        assert Decimal(account["owed"]) == Decimal(account["posted"])
        assert Decimal(account["posted"]) == sum(Decimal(line["amount"]) for line in account["lines"])
    ours = next(each for each in told["ledger"] if each["key"]["partner"] == lived.grown.key.partner)
    assert [line["kind"] for line in ours["lines"]] == ["earned", "adjustment"]
    first = Money(lived.grown.minor, lived.grown.key.currency).amount
    assert Decimal(ours["lines"][0]["amount"]) == first


def test_an_adjustment_names_what_was_posted_before_and_its_cause(lived: Lived, ask: Run) -> None:
    told = ask("explain", lived.grown.key.opportunity.id, "--partner", lived.grown.key.partner, "--json").json
    steps = {step["title"]: step["sentences"] for step in told["ledger"][0]["lines"][1]["steps"]}
    first = str(Money(lived.grown.minor, lived.grown.key.currency))

    assert steps["Posted before"] == [f"{first} in 1 line"]
    assert steps["Difference"][1] == "caused by this deal itself"
    assert "61,000.00" in steps["Inputs"][0]


def test_text_fits_80_columns_and_holds_no_hash_and_no_user_id(lived: Lived, ask: Run) -> None:
    out = ask("explain", lived.grown.key.opportunity.id).out

    assert max(map(len, out.splitlines())) <= 80
    assert not re.search(r"\b[0-9a-f]{16,}\b", out)
    assert "005" not in re.findall(r"by (\S+)", out)
    assert "Riley Rep" in out, "the edit is told with who made it"


def test_the_shares_of_a_role_are_told_with_their_evidence(lived: Lived, ask: Run) -> None:
    told = ask("explain", lived.grown.key.opportunity.id, "--json").json
    sourced = [credit for credit in told["credits"] if credit["role"] == "sourced"]

    assert sum(Decimal(credit["share"]) for credit in sourced) == 1
    assert all(credit["evidence"] for credit in sourced)
    cited = {proof["fact"] for credit in told["credits"] for proof in credit["evidence"] if not proof["late"]}
    assert cited == {fact["hash"] for fact in told["facts"] if fact["used"]}


@pytest.mark.parametrize("form", ["{id}", "salesforce:{id}", "{id15}", "{ref}", "{name}"])
def test_an_opportunity_is_found_however_a_person_writes_it(form: str, lived: Lived, ask: Run) -> None:
    ref = lived.grown.key.opportunity
    name = ask("explain", ref.id, "--json").json["name"]

    answer = ask("explain", form.format(id=ref.id, id15=ref.id[:15], ref=ref, name=name), "--json")

    assert answer.json["opportunity"] == str(ref)


def test_a_deal_is_told_by_its_name_of_today(lived: Lived, ask: Run) -> None:
    assert ask("explain", lived.renamed.key.opportunity.id).out.startswith(FORMULA)


def test_a_field_that_a_rep_typed_over_says_who_and_that_it_stays(lived: Lived, ask: Run) -> None:
    told = ask("explain", lived.edited, "--field", "partner__c", "--json").json

    assert told["field"] == "Partner__c"
    assert told["current"] == "Somebody Else"
    assert told["editor"] == "Riley Rep"
    assert told["sent"]
    assert told["sent"] == told["desired"]
    assert told["next_plan"] == "does nothing: a person's edit was noted and stays"


def test_a_field_that_we_wrote_says_what_it_should(lived: Lived, ask: Run) -> None:
    answer = ask("explain", lived.grown.key.opportunity.id, "--field", "Partner_Commission__c")
    total = sum(
        line.minor
        for line in lived.ledger(opportunity=lived.grown.key.opportunity)
        if line.key.partner == lived.grown.key.partner
    )

    assert answer.code == 0
    assert "does nothing: it says what it should" in answer.out
    assert f"{Money(total, 'USD').amount:f}".rstrip("0").rstrip(".") in answer.out


def test_a_field_of_the_account_is_told_from_the_deal(lived: Lived, ask: Run) -> None:
    told = ask("explain", lived.grown.key.opportunity.id, "--field", "Partner_Open_Deals__c", "--json").json

    assert told["record"].startswith("salesforce:001")
    assert told["next_plan"] == "does nothing: it says what it should"


def test_after_a_change_of_the_rules_it_says_so_and_claims_nothing_of_today(lived: Lived, ask: Run) -> None:
    other = lived.config.with_name("other.yaml")
    other.write_text(lived.config.read_text().replace("percent: 12%", "percent: 13%"))

    told = ask("explain", lived.grown.key.opportunity.id, "--json", config=other).json

    assert "changed since this was decided" in told["stale"]
    assert [account["owed"] for account in told["ledger"]] == [None] * len(told["ledger"])


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["nothing like it at all"], "no opportunity is"),
        (["{id}", "--line", "99"], "no line 99; its lines are 1 to"),
        (["{id}", "--field", "Partner_c"], "did you mean Partner__c?"),
        (["{id}", "--partner", "nobody-at-all"], "no partner is called"),
        (["[bold]"], "no opportunity is '[bold]'"),
        ([""], "no opportunity is ''"),
        (["Core Platform"], "may be"),
        (["salesforce:nonsense"], "no opportunity is"),
        (["a/b/c/d"], "no opportunity is"),
    ],
)
def test_a_mistake_is_a_message_and_never_a_traceback(more: list[str], says: str, lived: Lived, ask: Run) -> None:
    answer = ask("explain", *(each.replace("{id}", lived.grown.key.opportunity.id) for each in more))

    assert answer.code == 2
    assert says in answer.err
    assert "Traceback" not in answer.err
