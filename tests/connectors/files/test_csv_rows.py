"""What a CSV file may look like, and what becomes of the rows that cannot be read."""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path

import pytest

from connectors.files import FileLayout, Files
from connectors.files.rows import Broken, Row, read_rows
from partnersync.errors import ConnectorError, RejectedError, UnavailableError
from partnersync.records import Page, RawRecord, Wanted

FIELDS = ("id", "partner", "note")


class Folder:
    """One file ``touches.csv`` and a reader of it."""

    def __init__(self, path: Path, layout: FileLayout | None = None) -> None:
        self.path = path / "touches.csv"
        self.files = Files(path, {"touches": layout or FileLayout("touches.csv", id="id")}, page_rows=100)
        self.cursor: str | None = None
        self.saved = 1_700_000_000

    def save(self, content: str | bytes) -> None:
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.saved += 60
        os.utime(self.path, (self.saved, self.saved))

    def pull(self, fields: tuple[str, ...] = FIELDS) -> list[Page]:
        pages = []
        for page in self.files.hot([Wanted("touches", fields, self.cursor)]):
            pages.append(page)
            self.cursor = page.cursor or self.cursor
        return pages


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def rows(pages: list[Page]) -> dict[str, tuple[object, ...]]:
    return {record.ref.id: tuple(record.values.values()) for page in pages for record in page.records}


def broken(pages: list[Page]) -> dict[str, str]:
    return {one.ref.id: one.reason for page in pages for one in page.unreadable}


def gone(pages: list[Page]) -> set[str]:
    return {one.ref.id for page in pages for one in page.gone}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(folder: Folder, delimiter: str) -> None:
    folder.save(delimiter.join(FIELDS) + "\r\n" + delimiter.join(("1", "acme", '"a, b; c|d"')) + "\r\n")

    assert rows(folder.pull()) == {"1": ("1", "acme", "a, b; c|d")}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("\ufeffid,partner,note\n1,acme,x\n", ("1", "acme", "x"), id="byte order mark"),
        pytest.param("sep=;\nid;partner;note\n1;acme;x\n", ("1", "acme", "x"), id="Excel's separator line"),
        pytest.param("\n\nid,partner,note\n\n1,acme,x", ("1", "acme", "x"), id="blank lines, no last line end"),
        pytest.param('id,partner,note\n1,acme,"two\nlines"\n', ("1", "acme", "two\nlines"), id="quoted line break"),
        pytest.param('id,partner,note\n1,acme,"say ""hi"""\n', ("1", "acme", 'say "hi"'), id="doubled quotes"),
        pytest.param('id,partner,note\n1,acme,5" pipe\n', ("1", "acme", '5" pipe'), id="a quote inside a cell"),
        pytest.param("id,partner,note\n1,acme,\n", ("1", "acme", None), id="an empty cell"),
        pytest.param("id,partner,note\n1,acme,x,,\n", ("1", "acme", "x"), id="empty cells beyond the header"),
        pytest.param("note,other,partner,id\nx,y,acme,1\n", ("1", "acme", "x"), id="columns in another order"),
        pytest.param(" id , partner ,note\n1,acme,x\n", ("1", "acme", "x"), id="blanks around column names"),
        pytest.param('"id","partner","note"\n"1","acme","x"\n', ("1", "acme", "x"), id="everything quoted"),
    ],
)
def test_what_spreadsheets_write_is_read(folder: Folder, content: str, expected: tuple[str, ...]) -> None:
    folder.save(content)

    pages = folder.pull()

    assert rows(pages) == {"1": expected}
    assert broken(pages) == {}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        pytest.param(b"2,acme", "2 columns where the header has 3", id="a cell too few"),
        pytest.param(b"2,acme,x,y", "4 columns where the header has 3", id="a cell too many"),
        pytest.param(b'2,"acme,x', "never closed", id="a quote never closed"),
        pytest.param(b'2,"acme"x,y', "bad quoting", id="text after a closing quote"),
        pytest.param(b"2,ac\x00me,x", "NUL", id="a NUL"),
        pytest.param(b"2,ac\xffme,x", "byte 5 of the line is not UTF-8", id="not UTF-8"),
        pytest.param(b"1,acme,again", "'1' is already on an earlier line", id="an id that is there already"),
        pytest.param(b",acme,x", "the row has no id", id="no id"),
    ],
)
def test_a_broken_row_stays_behind_with_its_line_and_the_good_ones_go_on(folder: Folder, bad: bytes, why: str) -> None:
    good = b"".join(b"%d,acme,fine\n" % n for n in range(3, 50))
    folder.save(b"id,partner,note\n1,acme,x\n" + bad + b"\n" + good)

    pages = folder.pull()

    assert set(rows(pages)) == {"1", *(str(n) for n in range(3, 50))}
    (reason,) = broken(pages).values()
    assert reason.startswith("touches.csv:3: ")
    assert why in reason
    assert sum(page.total or 0 for page in pages) == 48


def test_a_row_that_breaks_is_not_taken_as_deleted(folder: Folder) -> None:
    folder.save("id,partner,note\n1,acme,x\n2,globex,y\n")
    folder.pull()
    folder.save('id,partner,note\n1,acme,x\n2,"globex,y\n')

    pages = folder.pull()

    assert list(broken(pages)) == ["2"]
    assert gone(pages) == set()


def test_nothing_is_taken_as_deleted_while_a_row_hides_its_id(folder: Folder) -> None:
    folder.save("id,partner,note\n1,acme,x\n2,globex,y\n")
    folder.pull()
    folder.save("id,partner,note\n1,acme,x\n,globex,y\n")
    hidden = gone(folder.pull())
    folder.save("id,partner,note\n1,acme,x\n")

    mended = gone(folder.pull())

    assert hidden == set()
    assert "2" in mended
    assert "1" not in mended


def test_a_row_taken_out_is_gone_and_a_broken_one_that_was_mended_no_longer_stands_there(folder: Folder) -> None:
    folder.save("id,partner,note\n1,acme,x\n2,globex,y\n3,too few\n")
    folder.pull()
    folder.save("id,partner,note\n1,acme,x\n3,initech,z\n")

    pages = folder.pull()

    assert gone(pages) == {"2"}
    assert set(rows(pages)) == {"1", "3"}


def test_an_unchanged_file_yields_nothing_and_a_touched_one_neither(folder: Folder) -> None:
    content = "id,partner,note\n1,acme,x\n"
    folder.save(content)
    folder.pull()
    folder.save(content)

    (page,) = folder.pull()

    assert (page.records, page.gone, page.cursor, page.done, page.full) == ((), (), None, True, False)


def test_a_file_is_read_anew_when_other_columns_are_asked_for(folder: Folder) -> None:
    folder.save("id,partner,note\n1,acme,x\n")
    folder.pull(("id",))

    assert rows(folder.pull(("id", "note"))) == {"1": ("1", "x")}


@pytest.mark.parametrize("content", ["id,partner,note\n", "", "\n\n"])
def test_a_file_that_is_suddenly_empty_is_refused_and_nothing_is_gone(folder: Folder, content: str) -> None:
    folder.save("id,partner,note\n1,acme,x\n")
    folder.pull()
    folder.save(content)

    with pytest.raises(RejectedError, match=r"touches\.csv"):
        folder.pull()

    assert folder.cursor is not None


def test_a_file_that_never_had_rows_is_no_error(folder: Folder) -> None:
    folder.save("id,partner,note\n")

    pages = folder.pull()

    assert [page.total for page in pages] == [0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,Partner,note\n1,a,b\n", r"touches\.csv:1: no column 'partner' \(did you mean 'Partner'\?\)"),
        ("id,partner,note,partner\n", r"touches\.csv:1: column 'partner' is there twice \(columns 2 and 4\)"),
        ("id,,partner,note\n", r"touches\.csv:1: column 2 has no name"),
        ('\nid,"partner,note\n', r"touches\.csv:2: the header cannot be read"),
        ("\ufffe", r"no column"),
    ],
)
def test_a_mistake_in_the_header_is_told_with_its_line(folder: Folder, content: str, message: str) -> None:
    folder.save(content)

    with pytest.raises(RejectedError, match=message):
        folder.pull()


def test_utf_16_is_told_with_the_fix(folder: Folder) -> None:
    folder.save("id,partner,note\n".encode("utf-16"))

    with pytest.raises(RejectedError, match="UTF-16; save it as"):
        folder.pull()


def test_a_missing_file_is_an_error_of_ours(folder: Folder) -> None:
    with pytest.raises(ConnectorError, match=r"no file .*touches\.csv"):
        folder.pull()


def test_a_file_saved_while_it_is_read_is_read_again_later(folder: Folder) -> None:
    folder.save("id,partner,note\n" + "".join(f"{n},acme,x\n" for n in range(250)))
    pages = folder.files.hot([Wanted("touches", FIELDS)])
    next(pages)
    folder.save("id,partner,note\n1,acme,x\n")

    with pytest.raises(UnavailableError, match="changed while it was read"):
        list(pages)


def test_without_an_id_column_the_row_itself_is_the_identity(tmp_path: Path) -> None:
    folder = Folder(tmp_path, FileLayout("touches.csv"))
    folder.save("partner,note\nacme,x\nglobex,y\nacme,x\n")
    first = set(rows(folder.pull(("partner",))))
    folder.save("partner,note\nacme,x\nglobex,z\nacme,x\n")

    pages = folder.pull(("partner",))

    assert len(first) == 3
    assert len(gone(pages)) == 1
    assert len(first & set(rows(pages))) == 2


def test_a_stamp_column_dates_the_row_and_a_bad_stamp_breaks_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path, FileLayout("touches.csv", id="id", stamp="at"))
    folder.save("id,at\n1,2026-03-01T10:00:00Z\n2,yesterday\n3,\n")

    pages = folder.pull(("id",))

    stamps = {record.ref.id: record.stamp.isoformat() for page in pages for record in page.records}
    assert stamps["1"] == "2026-03-01T10:00:00+00:00"
    assert list(broken(pages)) == ["2"]
    assert "3" in stamps


def test_a_hundred_thousand_rows_are_streamed(folder: Folder) -> None:
    folder.save("id,partner,note\n" + "".join(f"{n:06d},acme,touch number {n}\n" for n in range(100_000)))
    tracemalloc.start()

    seen = 0
    for page in folder.files.cold([Wanted("touches", FIELDS)]):
        seen += len(page.records)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert seen == 100_000
    assert peak < 40_000_000


def test_stray_quotes_anywhere_never_hide_a_row_beyond_their_own() -> None:
    seed = random.randrange(1 << 32)
    draw = random.Random(seed)
    for _ in range(200):
        lines = [f"{n},name {n},plain" for n in range(60)]
        spoilt = sorted(draw.sample(range(60), draw.randint(1, 6)))
        for n in spoilt:
            lines[n] = f'{n},"name {n},plain'
        found = list(read_rows((f"{line}\n".encode() for line in lines), ","))

        told = {n for row in found for n in range(row.line - 1, row.line + _breaks(row))}
        assert told == set(range(60)), f"seed {seed}"
        plain = [row for row in found if isinstance(row, Row) and len(row.cells) == 3]
        assert len(plain) >= 60 - _swallowed(spoilt), f"seed {seed}"


def _breaks(row: Row | Broken) -> int:
    cells = row.cells if isinstance(row, Row) else ()
    return sum(cell.count("\n") for cell in cells)


def _swallowed(spoilt: list[int]) -> int:
    """Lines between two stray quotes may pass for one long cell; none outside them."""
    return spoilt[-1] - spoilt[0] + 1


def test_a_record_keeps_its_text_exactly(folder: Folder) -> None:
    folder.save("id,partner,note\n1,  acme  ,007.50\n")

    (page, _) = folder.pull()

    record = page.records[0]
    assert isinstance(record, RawRecord)
    assert record.values == {"id": "1", "partner": "  acme  ", "note": "007.50"}
