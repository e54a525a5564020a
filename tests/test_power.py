"""Power cuts and full disks: what was not synced is gone, what cannot be written is said, and nothing else is lost."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoresearch.decide.recover import fold
from autoresearch.edge.journal import parse
from autoresearch.errors import RepositoryError
from crashes import IN_PLACE, SHORT, Instant, Launcher, Project, beside, broken, die, made, passed
from crashes import folder as folder

CUTS = 200
BLOCKS = 8
PAGE = 4096
NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
"""Where an ordinary user may mount a disk of their own."""


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Of a real session."""
    folder = tmp_path_factory.mktemp("journal")
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Ada")
            patch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
        project = made(folder)
        with project.copy(folder) as home, Launcher() as launcher:
            launcher.run(home)
            return (home / ".git/autoresearch/t/journal.jsonl").read_bytes()


def lines_of(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def check_torn(data: bytes, step: int) -> None:
    """Every record in its turn is the last one, and torn at every `step`-th byte, or a block of it never written."""
    lines = lines_of(data)
    for last in range(len(lines)):
        begin = sum(map(len, lines[:last]))
        whole, length = parse(Path("journal"), data[:begin])
        assert length == begin
        fold(whole)
        for cut in range(last % step, len(lines[last]), step):
            written, unwritten = lines[last][:cut], lines[last][cut:]
            tails = [written, written + b"\0" * 64, written + b"\0" * (len(unwritten) - 1) + b"\n"]
            for tail in [*tails, b"\0" * cut + unwritten] if cut else tails:
                if tail == lines[last]:  # only its end was cut, and is there again
                    continue
                records, length = parse(Path("journal"), data[:begin] + tail)
                assert (len(records), length) == (last, begin)


def test_a_torn_last_record_is_dropped(journal: bytes) -> None:
    check_torn(journal, step=97)


@pytest.mark.slow
def test_a_last_record_torn_at_any_byte_is_dropped(journal: bytes) -> None:
    check_torn(journal, step=1)


def check_flipped(data: bytes, positions: range, bit: int) -> None:
    """One wrong bit is refused with its line; only in the last newline it looks like a torn append, and is."""
    records, _ = parse(Path("journal"), data)
    for position in positions:
        damaged = bytearray(data)
        damaged[position] ^= bit
        line = data.count(b"\n", 0, position) + 1
        unwritten = not damaged[position] and line == len(records)  # a blank became NUL, as of a block never written
        if position == len(data) - 1 or unwritten:
            assert len(parse(Path("journal"), bytes(damaged))[0]) == len(records) - 1
        else:
            with pytest.raises(RepositoryError, match=f"line {line} is damaged"):
                parse(Path("journal"), bytes(damaged))


def test_a_wrong_bit_is_refused_with_its_line(journal: bytes) -> None:
    newlines = [position for position, byte in enumerate(journal) if byte == ord("\n")]
    check_flipped(journal, range(0, len(journal), 101), bit=4)
    for newline in newlines:
        check_flipped(journal, range(newline, newline + 1), bit=1)


@pytest.mark.slow
@pytest.mark.parametrize("bit", [1, 32, 128])
def test_any_wrong_bit_is_refused_with_its_line(journal: bytes, bit: int) -> None:
    check_flipped(journal, range(len(journal)), bit)


def cuts(folder: Path, *flags: str, seed: int, count: int) -> None:
    """Cut the power at so many instants, drawn by chance."""
    project, said, chance = made(folder, *flags), [], random.Random(seed)
    with Launcher() as launcher:
        known, _ = passed(launcher, project, folder)
        for number in range(count):
            at = chance.randrange(1, len(known))
            wrong = die(launcher, project, folder, Instant(at, power=True), chance=1000 * seed + number)
            said += [f"cut {1000 * seed + number} after {at} ({known[at - 1]}): {what}" for what in wrong]
    assert not said, "\n".join(said)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_session_goes_on_after_a_power_cut(folder: Path, block: int) -> None:
    cuts(folder, *(IN_PLACE if block % 4 == 3 else ()), seed=block, count=CUTS // BLOCKS)


@pytest.mark.slow
def test_a_session_goes_on_after_some_power_cuts(folder: Path) -> None:
    cuts(folder, seed=99, count=4)


def check_without_logs(folder: Path, behind: str, most: int) -> None:
    """Die at instants whose names fit, `most` of them, and lose every log: the journal knows all that counts."""
    project = made(folder, *SHORT)
    with Launcher() as launcher:
        known, _ = passed(launcher, project, folder)
        instants = [at for at, name in enumerate(known, start=1) if behind in name][:most]
        assert instants
        for at in instants:
            with project.copy(folder) as home:
                died = launcher.run(home, *SHORT, death=Instant(at)).status == -signal.SIGKILL
                shutil.rmtree(home / ".git/autoresearch/t/runs", ignore_errors=True)
                ended = launcher.run(home, *SHORT, life=1)
                assert broken(project, home, ended, kills=died, power=True) == [], f"after {at} ({known[at - 1]})"
                written = (home / ".git/autoresearch/t/journal.jsonl").read_text()
                assert written.count('"kind":"labelled"') == 1  # a second look, without the log, would claim less


@pytest.mark.slow
def test_the_baselines_logs_are_not_missed(folder: Path) -> None:
    check_without_logs(folder, ".results.tsv.t.tmp", most=2)


@pytest.mark.slow
def test_logs_that_a_power_cut_took_are_not_missed(folder: Path) -> None:
    check_without_logs(folder, "journal.jsonl", most=1000)


@pytest.fixture
def small_disk(folder: Path) -> Iterator[tuple[Launcher, Path]]:
    """A launcher whose sessions run in a namespace of their own, and the folder below which a disk is mounted there."""
    probe = ["sh", "-c", f"mount -t tmpfs none {folder}"]
    if shutil.which("unshare") is None or subprocess.run([*NAMESPACE, *probe], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here without being root")
    with Launcher(*NAMESPACE) as launcher:
        yield launcher, folder / "disk"


def fill(launcher: Launcher, project: Project, disk: Path, pages: int) -> tuple[int, list[str]]:
    """A session on a disk with so many pages left, and again with room. Returns its first status, and what is wrong."""
    home, result = disk / "home", disk.parent / "result"
    disk.mkdir(exist_ok=True)
    launcher.shell(
        f"mount -t tmpfs none {disk} && cp -a {project.template} {home} && "
        f"mount -o remount,size=$(( ($(df -B{PAGE} --output=used {disk} | tail -n 1) + {pages}) * {PAGE} )) none {disk}"
    )
    full = launcher.run(home, life=0)
    said = [f"status {full.status}: {full.said}"] if full.status not in (0, 3) or "Traceback" in full.said else []
    if full.status == 3 and not full.said.rstrip().splitlines()[-1].startswith("error: "):
        said.append(f"no sentence: {full.said}")
    launcher.shell(f"mount -o remount,size=100m none {disk}")
    ended = launcher.run(home, life=1)
    launcher.shell(f"cp -a {home} {result} && umount {disk}")
    (disk / "home").symlink_to(result)
    said += broken(project, disk / "home", ended, kills=2)
    (disk / "home").unlink()
    shutil.rmtree(result)
    beside(home, "asked").unlink(missing_ok=True)
    return full.status, said


def levels(disk: tuple[Launcher, Path], pages: range) -> list[int]:
    """Fill disks of so many free pages; the statuses that their sessions ended with."""
    launcher, place = disk
    project, statuses, said = made(place.parent), [], []
    for free in pages:
        status, wrong = fill(launcher, project, place, free)
        statuses.append(status)
        said += [f"{free} pages: {what}" for what in wrong]
    assert not said, "\n".join(said)
    return statuses


@pytest.mark.slow
def test_a_full_disk_is_said_and_nothing_is_lost(small_disk: tuple[Launcher, Path]) -> None:
    assert 3 in levels(small_disk, range(3, 70, 30))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_disk_that_is_full_at_any_page_is_said(small_disk: tuple[Launcher, Path], block: int) -> None:
    levels(small_disk, range(block, 96, BLOCKS))
