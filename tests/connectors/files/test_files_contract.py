"""CSV files keep those promises of the contract that a list which nobody writes to can keep."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from connectors.files import FileLayout, Files
from partnersync.changes import Write
from partnersync.ids import Ref
from partnersync.records import Wanted
from tests.connectors.contract import ConnectorContract

_COLUMNS = ("id", "name", "amount", "stage", "closes_on", "note", "score", "flag")


class FolderWorld:
    """Two files that a person edits with a spreadsheet."""

    account = "accounts"
    opportunity = "deals"
    account_name = "name"
    more_than_a_page = 7
    idle_hot_calls = 0
    stages: tuple[str, str] = ("open", "won")
    fields: Mapping[str, str] = {name: name for name in _COLUMNS[1:]}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, dict[str, dict[str, str]]] = {self.account: {}, self.opportunity: {}}
        self.saved = 0
        for name in self.rows:
            self.save(name)

    def save(self, name: str) -> None:
        path = self.folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _COLUMNS if name == self.opportunity else ("id", "name"))
            writer.writeheader()
            writer.writerows(self.rows[name].values())
        self.saved += 1
        os.utime(path, ns=(self.saved * 1_000_000_000, self.saved * 1_000_000_000))

    def connect(self) -> Files:
        layouts = {name: FileLayout(f"{name}.csv", id="id") for name in self.rows}
        return Files(self.folder, layouts, page_rows=5)

    def create(self, object_: str, values: Mapping[str, str | None]) -> str:
        id_ = f"row-{len(self.rows[object_]) + 1:05d}"
        self.rows[object_][id_] = {"id": id_, **{name: value or "" for name, value in values.items()}}
        self.save(object_)
        return id_

    def create_tied(self, object_: str, rows: Sequence[Mapping[str, str | None]]) -> Sequence[str]:
        return [self.create(object_, row) for row in rows]

    def edit(self, object_: str, id_: str, values: Mapping[str, str | None]) -> None:
        self.rows[object_][id_] |= {name: value or "" for name, value in values.items()}
        self.save(object_)

    def delete(self, object_: str, id_: str) -> None:
        self.bin = self.rows[object_].pop(id_)
        self.save(object_)

    def restore(self, object_: str, id_: str) -> None:
        self.rows[object_][id_] = self.bin
        self.save(object_)

    def read(self, object_: str, id_: str) -> Mapping[str, object]:
        return self.rows[object_][id_]

    def tasks(self) -> Sequence[Mapping[str, object]]:
        return ()

    def hide(self, object_: str, field_: str) -> None:
        raise AssertionError("a file hides nothing")

    def settle(self) -> None: ...

    def calls(self) -> int:
        return 0

    def forget_calls(self) -> None: ...

    def writer(self) -> str:
        return ""

    def lose_next_write(self, when: Literal["before_commit", "after_commit"]) -> None:
        raise AssertionError("nothing is written to a file")

    def fail_next_call(self) -> None:
        raise AssertionError("a file does not fail for a moment")


@pytest.fixture
def world(tmp_path: Path) -> FolderWorld:
    return FolderWorld(tmp_path)


class TestFiles(ConnectorContract):
    """Reading promises. What is None here does not apply: nobody owns rows, nothing is written, no column is hidden."""

    test_people_who_can_own_records_are_found = None
    test_records_tell_when_they_were_made_and_changed = None
    test_a_passing_failure_is_waited_out = None
    test_a_hidden_field_is_absent_and_an_empty_one_is_none = None
    test_a_field_hidden_between_two_pulls_stops_nothing = None
    test_describe_knows_kinds_stages_and_what_may_be_written = None
    test_each_write_has_its_own_outcome = None
    test_more_writes_than_a_batch_takes_are_all_sent = None
    test_none_clears_a_field = None
    test_what_was_written_reads_back_in_the_same_normal_form = None
    test_a_write_without_an_answer_is_unknown_and_can_be_read_back = None
    test_a_task_is_put_found_changed_and_closed_under_its_key = None
    test_a_task_that_a_person_deleted_is_found_where_that_is_asked = None
    test_a_task_whose_creation_got_no_answer_comes_once = None
    test_tasks_of_many_records_are_found_each_under_its_own = None

    # Other words for a file: every change is a full read; an edit under the reader's eyes stops that read.
    test_an_edit_is_found_and_nothing_else_is_needed = None
    test_an_edit_made_while_pages_are_read_is_found_at_the_latest_by_the_next_pull = None
    # And a file whose last row goes is refused, not believed.
    test_a_restored_record_lives_again = None


def test_a_file_takes_no_writes(world: FolderWorld) -> None:
    write = Write("ps-1", Ref("file", "deals.csv", "deals", "row-00001"), {"note": "x"})

    (outcome,) = world.connect().send([write])

    assert (outcome.status, outcome.code) == ("rejected", "READ_ONLY")


def test_the_columns_are_described_as_text_and_a_file_that_is_not_there_is_left_out(world: FolderWorld) -> None:
    schemas = world.connect().describe(["deals", "nonsense"])

    assert list(schemas) == ["deals"]
    assert list(schemas["deals"].fields) == list(_COLUMNS)
    assert not schemas["deals"].fields["note"].updatable


def test_a_stamp_is_the_time_of_the_file(world: FolderWorld) -> None:
    world.create("deals", {"name": "Deal"})

    (first, _) = world.connect().hot([Wanted("deals", ("name",))])

    assert first.records[0].stamp == datetime(1970, 1, 1, 0, 0, world.saved, tzinfo=UTC)
    assert first.records[0].ref == Ref("file", "deals.csv", "deals", "row-00001")
