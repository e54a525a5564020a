"""What `init` finds in a project, and what one run of a bench shows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from autoresearch.scaffold.lookaround import Found, find_benches, guess_targets, scripts
from autoresearch.scaffold.trial import Numbers, likeliest, try_once

MAIN = '\nif __name__ == "__main__":\n    main()\n'


def write(home: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    return home


def commands(home: Path) -> list[str]:
    return [found.command for found in find_benches(home)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"bench.py": ""}, ["python3 bench.py"]),
        ({"benchmarks/run_bench.py": ""}, ["python3 benchmarks/run_bench.py"]),
        ({"my bench.sh": "", "bench.sh": "", "deploy.sh": ""}, ["sh bench.sh"]),
        ({"train.py": "", "evaluate.py": "", "training_data.py": ""}, ["python3 evaluate.py", "python3 train.py"]),
        ({"Makefile": "all:\n\techo\nbench: all\n\t./x\nBENCH := 1\n"}, ["make -s bench"]),
        ({"package.json": '{"scripts": {"test": "x", "bench:all": "y"}}'}, ["npm run --silent bench:all"]),
        ({"package.json": "{"}, []),
        ({"package.json": "[1]"}, []),
        (
            {"Cargo.toml": '[[bench]]\nname = "fast"\n', "benches/fast.rs": "", "benches/slow.rs": ""},
            ["cargo bench --bench fast", "cargo bench --bench slow"],
        ),
        ({"Cargo.toml": "not toml ["}, []),
        ({"Cargo.toml": 'bench = ["odd"]\n'}, []),
        (
            {"pyproject.toml": '[dependency-groups]\ndev = ["pytest-benchmark>=5"]'},
            ["python3 -m pytest -q --benchmark-only"],
        ),
        ({"node_modules/x/bench.js": "", ".hidden/bench.py": "", "venv/bench.py": "", "target/bench.py": ""}, []),
        ({"a/b/c/bench.py": "", "a/b/c/d/bench.py": ""}, ["python3 a/b/c/bench.py"]),
        ({"tests/test_bench.py": "", "bench/__init__.py": ""}, []),
        ({"perf.js": ""}, ["node perf.js"]),
        ({"notes.txt": "bench", "workbench.py": "", "probe.py": ""}, []),
        ({}, []),
    ],
)
def test_finds_what_could_be_the_bench(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    assert commands(write(tmp_path, files)) == expected


def test_runs_an_executable_script_itself(tmp_path: Path) -> None:
    write(tmp_path, {"my bench.sh": "#!/bin/sh\n"})
    (tmp_path / "my bench.sh").chmod(0o755)
    assert commands(tmp_path) == []
    (tmp_path / "my bench.sh").rename(tmp_path / "my_bench.sh")
    assert commands(tmp_path) == ["./my_bench.sh"]


def test_runs_python_from_the_projects_own_environment(tmp_path: Path) -> None:
    write(tmp_path, {"bench.py": "", ".venv/bin/python": ""})
    assert commands(tmp_path) == [".venv/bin/python bench.py"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.py", "print(f'loss: {x:.3f}')"),
        ("a.py", 'print("loss:", x)'),
        ("a.py", "print('loss: %f' % x)"),
        ("a.py", 'print("loss: " + str(x))'),
        ("a.py", 'sys.stdout.write(f"loss:   {x}\\n")'),
        ("bench.sh", 'echo "loss: $x"'),
        ("bench.sh", "printf 'loss: %s\\n' $x"),
        ("bench.js", "console.log(`loss: ${x}`)"),
    ],
)
def test_sees_that_a_script_prints_a_number_with_a_name(tmp_path: Path, name: str, line: str) -> None:
    write(tmp_path, {name: f"{line}\n{MAIN}"})
    assert [found.prints for found in find_benches(tmp_path)] == [("loss",)]


@pytest.mark.parametrize("text", ['x = f"loss: {x}"', 'print(f"{x}: y")', 'print("done: yes")', "print(loss)"])
def test_takes_other_prints_for_nothing(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"a.py": text + MAIN})
    assert find_benches(tmp_path) == []


def test_puts_first_what_most_likely_is_the_bench(tmp_path: Path) -> None:
    prints = 'print(f"loss: {1}")\n'
    write(
        tmp_path,
        {
            "other.py": prints,
            "bench_old.py": "",
            "train.py": prints,
            "sub/bench.py": prints,
            "Makefile": "bench:\n\tx\n",
        },
    )
    assert [found.origin for found in find_benches(tmp_path)] == [
        "sub/bench.py",
        "train.py",
        "bench_old.py",
        "Makefile",
        "other.py",
    ]


def test_found_says_where_and_what(tmp_path: Path) -> None:
    write(tmp_path, {"bench.py": 'print(f"a: {1}")\nprint(f"b: {2}")\nprint(f"a: {3}")\n'})
    assert find_benches(tmp_path) == [Found("python3 bench.py", "bench.py", ("a", "b"), 0)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python3 bench.py", ["lib/core.py", "life.py"]),
        ("python3 train.py", ["train.py", "life.py"]),
        ("make bench", []),
        ("python3 missing.py", []),
        ("python3 'unclosed", []),
        ("node ./run-bench.mjs", ["wasm/kernel.c"]),
    ],
)
def test_guesses_the_target_from_what_the_bench_uses(tmp_path: Path, command: str, expected: list[str]) -> None:
    write(
        tmp_path,
        {
            "bench.py": "import json\nfrom lib.core import go\n    import life\n",
            "lib/core.py": "",
            "life.py": "",
            "train.py": "import life\n",
            "run-bench.mjs": 'compile("wasm/kernel.c", "/etc/x.py", "../y.py")',
            "wasm/kernel.c": "",
        },
    )
    assert guess_targets(tmp_path, command) == expected


def test_scripts_are_files_of_the_project(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "sub/b.sh": ""})
    command = f"sh ./sub/b.sh && python3 a.py ../a.py {tmp_path}/a.py c.py --x"
    assert scripts(tmp_path / "sub" / "..", command) == ["sub/b.sh", "a.py"]


def test_a_trial_says_which_numbers_were_printed(tmp_path: Path) -> None:
    trial = try_once(
        "pwd; echo; echo 'loss: 1.5e-3'; echo ' indented: 1'; echo 'n: 3 %'; echo 'time: 2s'; echo n2: 7", tmp_path
    )
    assert (trial.numbers, trial.failure) == ({"loss": 0.0015, "n2": 7.0}, None)
    assert list(tmp_path.iterdir()) == []


def test_a_trial_is_over_at_its_limit(tmp_path: Path) -> None:
    trial = try_once("echo loss: 1; sleep 300", tmp_path, limit_s=0.3)
    assert (trial.numbers, trial.failure) == ({"loss": 1.0}, "it was not over after 0.3 s")


def test_a_trial_that_fails_says_why(tmp_path: Path) -> None:
    assert try_once("echo a; echo b >&2; exit 3", tmp_path).failure == "exit code 3: b"
    assert try_once("exit 4", tmp_path).failure == "exit code 4"


def test_a_bench_under_trial_sees_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "7")
    assert try_once("echo key: ${OPENAI_API_KEY:-0}", tmp_path).numbers == {"key": 0.0}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"a: 1\nb: 2\n", {"a": 1.0, "b": 2.0}),
        (b"loss: 3\nloss: 2\nend: 1\n", {"end": 1.0}),
        (b"loss: 2\nloss: 2.0\n", {"loss": 2.0}),
        (b"50%\rloss: 1\r\n", {"loss": 1.0}),
        (b"a: nan\nb: inf\nc: 1e999\nd: 1,5\ne:\nf: 0x1\n", {}),
        (b"12:30\n2031-01-01 10:00\nhttp://x: 1\n", {}),
        (b"x" * 10_000 + b"\na: 1", {"a": 1.0}),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_reads_numbers_however_the_output_is_cut(output: bytes, expected: dict[str, float], size: int) -> None:
    numbers = Numbers()
    for start in range(0, len(output), size):
        numbers.feed(output[start : start + size])
    numbers.feed(b"\n")
    assert numbers.steady() == expected


@pytest.mark.parametrize(
    ("printed", "metric"),
    [
        (["val_bpb", "training_seconds", "peak_mem_mb", "num_steps"], "val_bpb"),
        (["total_generations", "total_walltime", "generations_per_s"], "generations_per_s"),
        (["original_bytes", "total_seconds", "compressed_bytes"], "compressed_bytes"),
        (["n", "wall_time"], "wall_time"),
        (["foo"], "foo"),
        ([], None),
    ],
)
def test_offers_the_number_that_looks_like_a_metric(printed: list[str], metric: str | None) -> None:
    assert likeliest(printed) == metric
