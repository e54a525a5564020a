"""The journal on real files: whole records or nothing, and no damage read as truth."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autoresearch.decide.recover import fold
from autoresearch.edge.journal import Journal, read
from autoresearch.errors import RepositoryError
from autoresearch.model import Direction
from autoresearch.records import AnyRecord, Began, Canary, Closed, Opened


def write(path: Path, count: int = 3) -> bytes:
    journal = Journal.open(path)
    for number in range(count):
        journal.append(Canary(failure=f"failure {number}"))
    journal.close()
    return path.read_bytes()


def test_reads_back_what_was_written_in_order(tmp_path: Path) -> None:
    write(tmp_path / "journal.jsonl")
    assert [record.seq for record in read(tmp_path / "journal.jsonl")] == [1, 2, 3]


def test_goes_on_after_the_last_record(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    write(path)
    journal = Journal.open(path)
    assert journal.append(Closed(reason="done")).seq == 4
    journal.close()
    assert len(read(path)) == 4


def test_drops_a_last_line_torn_at_any_byte(tmp_path: Path) -> None:
    data = write(tmp_path / "journal.jsonl")
    last = data.rindex(b"\n", 0, -1) + 1
    for cut in range(last, len(data)):
        path = tmp_path / f"cut-{cut}" / "journal.jsonl"
        path.parent.mkdir()
        path.write_bytes(data[:cut])
        journal = Journal.open(path)
        assert [record.seq for record in journal.found] == [1, 2]
        assert journal.append(Canary(failure="again")).seq == 3
        journal.close()
        assert len(read(path)) == 3
        aside = path.with_name("journal.jsonl.torn")
        assert (aside.read_bytes() if aside.exists() else b"") == data[last:cut]


def test_drops_a_tail_of_nul_bytes(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(write(path) + b"\0" * 4096)
    journal = Journal.open(path)
    assert len(journal.found) == 3
    journal.close()


@pytest.mark.parametrize("line", [1, 2])
def test_damage_before_the_end_is_refused_with_its_line(tmp_path: Path, line: int) -> None:
    path = tmp_path / "journal.jsonl"
    lines = write(path).splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace(b"failure", b"fbilure")
    path.write_bytes(b"".join(lines))
    with pytest.raises(RepositoryError, match=f"line {line} is damaged"):
        Journal.open(path)
    assert path.read_bytes() == b"".join(lines)


def test_a_missing_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    lines = write(path).splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    with pytest.raises(RepositoryError, match="record 3 stands where 2 belongs"):
        read(path)


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal.open(path)
    opened = Opened(
        format=99,
        version="9.9",
        tag="t",
        base="0" * 40,
        metric="m",
        direction=Direction.LOWER,
        columns=(),
        targets=("a",),
        bench="true",
        model="tune",
    )
    journal.append(opened)
    journal.close()
    with pytest.raises(RepositoryError, match=r"newer autoresearch \(9\.9\)"):
        read(path)


def test_a_full_disk_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    before = write(path)
    child = os.fork()
    if child == 0:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, len(before) + 20))
        journal = Journal.open(path)
        try:
            journal.append(Canary(failure="does not fit"))
        except RepositoryError:
            os._exit(7)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert path.read_bytes() == before


def test_durations_come_from_the_monotonic_clock_alone() -> None:
    def began(at: str, t: float) -> Began:
        return Began(pid=1, host="h", version="1", at=at, t=t)

    records: list[AnyRecord] = [
        began("2026-01-01T00:00:00+00:00", 1.0),
        Closed(reason="stop", at="2025-01-01T00:00:00+00:00", t=100.0),  # the wall clock jumped back a year
        began("2027-01-01T00:00:00+00:00", 1.0),
        Closed(reason="stop", at="2027-01-01T00:00:00+00:00", t=50.0),
    ]
    assert fold(records).elapsed_s == 150.0
