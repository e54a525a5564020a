"""`autoresearch.bench`: real benches in processes of their own, and targets that cheat them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from autoresearch.bench.confinement import PIERCING
from autoresearch.edge.environment import IMPORTABLE

EXAMPLES = Path(__file__).parents[1] / "examples"
IMPOSSIBLE = "score: 1e9"

SORTS = """
from autoresearch import bench

chance = bench.chance("inputs")

def draw():
    return ([chance.random() for _ in range(500)],)

with bench.Worker("solution.py", timeout_s=TIMEOUT) as worker:
    seconds = worker.time("ordered", draw, lambda answer, data: answer == sorted(data), repeats=3)
bench.report(score=1 / seconds)
"""
HONEST = "def ordered(data):\n    return sorted(data)\n"


def run(
    folder: Path, source: str, target: str, env: Mapping[str, str] | None = None, timeout_s: float = 30
) -> subprocess.CompletedProcess[str]:
    """A bench beside its target, run as the harness runs it."""
    (folder / "bench.py").write_text(source.replace("TIMEOUT", str(timeout_s)))
    (folder / "solution.py").write_text(target)
    return subprocess.run(
        [sys.executable, "bench.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(IMPORTABLE), "AUTORESEARCH_SEED": "5", **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def asks(call: str, after: str = "") -> str:
    """A bench that prints what one call answers."""
    return (
        "from autoresearch import bench\nwith bench.Worker('solution.py', timeout_s=TIMEOUT) as worker:\n"
        f"    print(repr(worker.{call}.value))\n{after}"
    )


def test_measures_an_honest_target(tmp_path: Path) -> None:
    done = run(tmp_path, SORTS, HONEST)
    label, score = done.stdout.splitlines()
    assert label == "autoresearch-bench: isolated"
    assert score.startswith("score: ")
    assert 0 < float(score.split()[1]) < 1e6
    assert (done.returncode, done.stderr) == (0, "")


CHEATS = {
    "prints the metric and exits": f"import os\nprint('{IMPOSSIBLE}', flush=True)\nos._exit(0)",
    "exits when it is imported": "import os\nos._exit(0)",
    "exits politely": "raise SystemExit(0)",
    "exits when it is called": "import os\ndef ordered(data):\n    os._exit(0)",
    "is killed": "import os\ndef ordered(data):\n    os.kill(os.getpid(), 9)",
    "answers what is wrong": "def ordered(data):\n    return data",
    "answers what is right in another type": "def ordered(data):\n    return tuple(sorted(data))",
    "remembers the last answer": (
        "known = []\ndef ordered(data):\n    known.append(known[0] if known else sorted(data))\n    return known[-1]"
    ),
    "answers with an object that is equal to everything": (
        "class Equal:\n    def __eq__(self, other):\n        return True\ndef ordered(data):\n    return Equal()"
    ),
    "answers with a list that sorts itself later": (
        "class Lazy(list):\n    def __eq__(self, other):\n        return sorted(self) == other\n"
        "def ordered(data):\n    return Lazy(data)"
    ),
    "answers with code for the bench": (
        "import os\nclass Code:\n    def __reduce__(self):\n        return os.system, ('touch owned',)\n"
        "def ordered(data):\n    return Code()"
    ),
    "answers with a generator": "def ordered(data):\n    yield from sorted(data)",
    "answers with itself": "def ordered(data):\n    data[:] = [data]\n    return data",
    "writes to all descriptors": (
        f"import os\nfor fd in range(1, 11):\n    try:\n        os.write(fd, b'{IMPOSSIBLE}\\n' * 9)\n"
        "    except OSError:\n        pass\ndef ordered(data):\n    return sorted(data)"
    ),
    "answers before it is asked": (
        "import os, pickle, struct, sys\nanswer = pickle.dumps((True, []))\ndef ordered(data):\n"
        "    os.write(int(sys.argv[4]), (struct.pack('>16sQ', b'x' * 16, len(answer)) + answer) * 9)\n"
        "    return sorted(data)"
    ),
    "claims a huge answer": (
        "import os, struct, sys\nimport __main__\ndef ordered(data):\n"
        "    token = sys._getframe(2).f_locals['token']\n"
        "    os.write(int(sys.argv[4]), struct.pack('>16sQ', token, 2**60))\n    return sorted(data)"
    ),
    "closes the pipes": "import os\nos.closerange(3, 20)\ndef ordered(data):\n    return sorted(data)",
    "lets a child answer": (
        "import os\ndef ordered(data):\n    if os.fork():\n        os._exit(0)\n    return sorted(data)"
    ),
    "kills the bench": "import os\nos.kill(os.getppid(), 9)",
    "does not import": "import nothing_of_this_name",
    "has no such function": "",
    "raises with a forged metric": f"def ordered(data):\n    raise ValueError('\\n{IMPOSSIBLE}\\r{IMPOSSIBLE}\\x85')",
    "recurses without end": "def ordered(data):\n    return ordered(data)",
    "answers with what recurses": (
        "def ordered(data):\n    for _ in range(100000):\n        data = [data]\n    return data"
    ),
}
SAID = {
    "exits when it is imported": "it exited with 0 before it had answered import_module",
    "is killed": "it was killed by signal 9 before it had answered ordered",
    "answers what is wrong": "ordered returned a wrong answer",
    "answers with an object that is equal to everything": "what is no plain data: solution.Equal",
    "answers with code for the bench": "what is no plain data: posix.system",
    "answers before it is asked": "ordered wrote into the pipe of the answers",
    "claims a huge answer": "the answer of ordered is larger than",
    "closes the pipes": "before it had answered",
    "lets a child answer": "another process than the worker answered ordered",
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_gives_no_metric_to_a_target_that(cheat: str, tmp_path: Path) -> None:
    done = run(tmp_path, SORTS, CHEATS[cheat])
    assert done.returncode not in (None, 0)
    assert done.stdout == ""
    assert not any(line.startswith("score") for line in done.stderr.splitlines())
    assert not (tmp_path / "owned").exists()
    if cheat != "kills the bench":
        last = done.stderr.splitlines()[-1]
        assert last.startswith("error: solution.py: "), done.stderr
        assert SAID.get(cheat, "") in last
        assert "Traceback" not in done.stderr.replace("| Traceback", "")


def test_says_what_the_target_did_wrong(tmp_path: Path) -> None:
    done = run(tmp_path, SORTS, "def ordered(data):\n    raise ValueError('empty')")
    assert "| ValueError: empty" in done.stderr
    assert done.stderr.splitlines()[-1] == "error: solution.py: ordered failed: ValueError: empty"


def test_keeps_its_clock_when_the_target_patches_its_own(tmp_path: Path) -> None:
    patched = (
        "import time\ntime.perf_counter = time.time = time.monotonic = lambda: 0.0\n"
        "def ordered(data):\n    time.sleep(0.05)\n    return sorted(data)"
    )
    done = run(tmp_path, SORTS, patched)
    assert float(done.stdout.split()[-1]) < 20


def test_times_until_the_whole_answer_is_there(tmp_path: Path) -> None:
    slow = (
        "import sys, time\nclass Late(list):\n    def __reduce__(self):\n        time.sleep(0.05)\n"
        "        return (complex, (1, 2))\ndef late():\n    return Late()"
    )
    source = asks("call('late')").replace(".value", "")
    done = run(tmp_path, source, slow)
    value, _, seconds = done.stdout.strip().removesuffix(")").partition(", seconds=")
    assert value == "Result(value=(1+2j)"
    assert float(seconds) >= 0.05


def test_gives_up_on_a_target_that_never_answers(tmp_path: Path) -> None:
    never = "import time\ndef ordered(data):\n    time.sleep(60)"
    begin = time.monotonic()
    done = run(tmp_path, SORTS, never, timeout_s=0.5)
    assert done.stderr == "error: solution.py: ordered had not answered after 0.5 s.\n"
    assert (done.returncode, done.stdout) == (1, "")
    assert time.monotonic() - begin < 30


def test_marks_and_bounds_what_the_target_prints(tmp_path: Path) -> None:
    loud = (
        f"print('one\\r{IMPOSSIBLE}\\x0b{IMPOSSIBLE}\\u2028{IMPOSSIBLE}')\n"
        "def ordered(data):\n    print('x' * 3_000_000)\n    for _ in range(30_000):\n"
        f"        print('{IMPOSSIBLE}')\n    return sorted(data)"
    )
    done = run(tmp_path, SORTS, loud)
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert lines[0] == f"| one {IMPOSSIBLE} {IMPOSSIBLE} {IMPOSSIBLE}"
    assert all(line.startswith("| ") for line in lines)
    assert len(done.stderr) < 200_000
    assert lines[-1] == "| (the rest of what the target printed is left out)"
    assert done.stdout.count("score") == 1


def test_keeps_the_seed_from_the_worker(tmp_path: Path) -> None:
    target = (
        "import os\ndef seen():\n    own = open('/proc/self/environ').read() if os.path.exists('/proc/self') else ''\n"
        "    return 'AUTORESEARCH' in own + str(os.environ)"
    )
    done = run(tmp_path, asks("call('seen')"), target, env={"AUTORESEARCH_OTHER": "1"})
    assert done.stdout == "False\n"


SPY = """
import os
def look():
    found, pid = [], os.getppid()
    while pid > 1:
        for name in ("environ", "mem", "maps", "auxv", "fd/0", "fd/1", "fd/3"):
            try:
                with open(f"/proc/{pid}/{name}", "rb"):
                    found.append(f"{name} of {pid}")
            except OSError:
                pass
        pid = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
    return found
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_hides_the_bench_and_what_is_above_it_from_the_worker_even_as_root(tmp_path: Path) -> None:
    assert run(tmp_path, asks("call('look')"), SPY).stdout == "[]\n"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_worker_has_no_way_to_more_rights(tmp_path: Path) -> None:
    target = "def status():\n    return open('/proc/self/status').read()"
    source = asks("call('status')").replace("repr(", "(")
    status = dict(line.split(":", 1) for line in run(tmp_path, source, target).stdout.splitlines() if ":" in line)
    assert status["NoNewPrivs"].strip() == "1"
    assert int(status["CapEff"], 16) & sum(1 << number for number in PIERCING) == 0


def test_worker_may_do_with_files_what_the_bench_may(tmp_path: Path) -> None:
    target = (
        "import os\ndef move():\n    os.makedirs('a')\n    os.makedirs('b')\n    open('a/x', 'w').close()\n"
        "    os.rename('a/x', 'b/y')\n    os.link('b/y', 'a/z')\n    return os.listdir('a') + os.listdir('b')"
    )
    assert run(tmp_path, asks("call('move')"), target).stdout == "['z', 'y']\n"


def test_inputs_are_the_same_for_a_seed_and_fresh_otherwise(tmp_path: Path) -> None:
    source = "from autoresearch import bench\nprint(*(bench.chance(p).random() for p in 'aab'))"
    first, again, other = (run(tmp_path, source, "", env={"AUTORESEARCH_SEED": n}).stdout.split() for n in "112")
    assert first == again != other
    assert first[0] == first[1] != first[2]
    drawn = [run(tmp_path, f"import os\nos.environ.pop('AUTORESEARCH_SEED')\n{source}", "") for _ in range(2)]
    assert drawn[0].stdout != drawn[1].stdout
    seed = drawn[0].stderr.split()[0].removeprefix("AUTORESEARCH_SEED=")
    assert run(tmp_path, source, "", env={"AUTORESEARCH_SEED": seed}).stdout == drawn[0].stdout


def test_refuses_a_seed_that_is_no_number(tmp_path: Path) -> None:
    done = run(tmp_path, SORTS, HONEST, env={"AUTORESEARCH_SEED": "x"})
    assert (done.returncode, done.stderr) == (1, "error: AUTORESEARCH_SEED is 'x', which is no integer.\n")


PLAIN = ["None", "True", "-7", "2**70", "1.5", "(1+2j)", "'ü'", "b'\\x00'", "[1, (2, {'a': {3}})]", "bytearray(b'a')"]


@pytest.mark.parametrize("value", PLAIN)
def test_plain_data_crosses_both_ways(value: str, tmp_path: Path) -> None:
    done = run(tmp_path, asks(f"call('same', {value})"), "def same(value):\n    return value")
    assert done.stdout == f"{eval(value)!r}\n", done.stderr


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("object()", "builtins.object"),
        ("pathlib.Path('a')", "pathlib"),
        ("os.system", "posix.system"),
        ("lambda: 1", "failed: "),
        ("collections.OrderedDict()", "collections.OrderedDict"),
        ("True.__class__", "builtins.bool"),
        ("open", "io.open"),
    ],
)
def test_refuses_what_is_no_plain_data(value: str, said: str, tmp_path: Path) -> None:
    target = f"import os, collections, pathlib\ndef give():\n    return {value}"
    done = run(tmp_path, asks("call('give')"), target)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr.splitlines()[-1]


def test_arrays_cross_when_the_bench_has_numpy(tmp_path: Path) -> None:
    target = "import numpy as np\ndef double(a):\n    return {'array': 2 * a, 'number': np.float32(1.5)}"
    source = "import numpy as np\n" + asks("call('double', np.arange(6.0).reshape(2, 3).T)")
    done = run(tmp_path, source, target)
    assert done.returncode == 0, done.stderr
    assert eval(done.stdout, {"array": lambda a: a, "np": __import__("numpy")}) == {
        "array": [[0.0, 6.0], [2.0, 8.0], [4.0, 10.0]],
        "number": 1.5,
    }


@pytest.mark.parametrize(
    ("value", "numpy", "said"),
    [
        ("np.array([object()])", True, "an array of object is no plain data"),
        ("np.zeros(2, dtype=[('a', 'i4')])", True, "is no plain data"),
        ("np.zeros(2)", False, "an array, though the bench has not imported numpy"),
    ],
)
def test_refuses_other_arrays(value: str, numpy: bool, said: str, tmp_path: Path) -> None:
    source = "import numpy\n" * numpy + asks("call('give')")
    done = run(tmp_path, source, f"import numpy as np\ndef give():\n    return {value}")
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr.splitlines()[-1]


def test_looks_for_no_module_that_the_target_planted(tmp_path: Path) -> None:
    target = (
        "import numpy as np\nopen('numpy.py', 'w').write('open(\"owned\", \"w\")')\ndef give():\n    return np.zeros(2)"
    )
    done = run(tmp_path, asks("call('give')"), target)
    assert "has not imported numpy" in done.stderr
    assert not (tmp_path / "owned").exists()


def test_objects_stay_in_the_worker(tmp_path: Path) -> None:
    target = (
        "class Counter:\n    def __init__(self, start):\n        self.value = start\n"
        "    def step(self, by):\n        self.value += by\n        return self.value\n"
        "class space:\n    @staticmethod\n    def one():\n        return 1"
    )
    source = (
        "from autoresearch import bench\nwith bench.Worker('solution.py') as worker:\n"
        "    first, second = worker.new('Counter', 1), worker.new('Counter', 10)\n"
        "    print(first.call('step', 2, times=5).value, second.call('step', 1).value, first.call('step', 0).value)\n"
        "    print(worker.call('space.one').value, first.seconds > 0)\n"
        "print(worker.peak_memory_mb is None or worker.peak_memory_mb > 1)"
    )
    assert run(tmp_path, source, target).stdout == "11 11 11\n1 True\nTrue\n"


def test_target_finds_its_neighbours_and_not_ours(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "neighbour.py").write_text("VALUE = 3")
    (tmp_path / "sub" / "fast.py").write_text("import neighbour, secrets\ndef get():\n    return neighbour.VALUE")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "part.py").write_text("from . import __name__ as name\ndef get():\n    return name")
    source = "".join(asks("call('get')").replace("solution.py", target) for target in ("sub/fast.py\n", "pack.part\n"))
    assert run(tmp_path, source.replace("\\n", "").replace("\n'", "'"), "").stdout == "3\n'pack'\n"
    assert not list(tmp_path.rglob("*.pyc"))


def test_modules_can_be_left_out(tmp_path: Path) -> None:
    source = asks("call('pack')").replace("timeout_s=TIMEOUT", "without=['zlib']")
    done = run(tmp_path, source, "import zlib")
    assert "import of zlib halted" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("bench.report(score=float('nan'))", "error: score is nan, which is no finite number."),
        ("bench.report(score=1)\nbench.report(score=1)", "error: the bench called report() twice"),
        ("w = bench.Worker('solution.py')\nbench.report(a=1)", "error: the bench called report() before its worker"),
        ("bench.require([], 'it is\\nempty')", "error: it is empty"),
        ("with bench.Worker('solution.py') as w: pass\nw.call('ordered')", "error: the bench called ordered after it"),
        ("bench.Worker('solution.py', python='/none')", "error: cannot start /none: No such file"),
    ],
)
def test_refuses_a_bench_that_is_wrong(source: str, said: str, tmp_path: Path) -> None:
    done = run(tmp_path, f"from autoresearch import bench\n{source}", HONEST)
    assert done.returncode == 1
    assert done.stderr.startswith(said)


@pytest.mark.parametrize("source", ["", "import solution\nwith bench.Worker('solution.py'):\n    pass\n"])
def test_label_is_for_targets_in_a_worker_alone(source: str, tmp_path: Path) -> None:
    done = run(tmp_path, f"from autoresearch import bench\n{source}bench.report(score=1)", HONEST)
    assert done.stdout == "score: 1\n"


DAEMON = """
import os, signal
def start():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    readable, writable = os.pipe()
    if os.fork() == 0:
        os.write(writable, b"x")
        signal.pause()
    os.read(readable, 1)
    return os.getpid()
"""


def gone(group: int) -> bool:
    """Whether the process group is empty, within a while."""
    for _ in range(3000):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


def test_kills_the_worker_and_its_children_at_the_end(tmp_path: Path) -> None:
    done = run(tmp_path, asks("call('start')"), DAEMON)
    assert gone(int(done.stdout))


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG")
def test_busy_worker_dies_with_the_bench(tmp_path: Path) -> None:
    target = (
        "import os\ndef ordered(data):\n    open('pid', 'w').write(str(os.getpid()))\n"
        "    os.kill(os.getppid(), 9)\n    while True:\n        pass"
    )
    assert run(tmp_path, SORTS, target).returncode == -9
    assert gone(int((tmp_path / "pid").read_text()))


def test_imports_nothing_of_the_package_and_nothing_heavy() -> None:
    code = "import sys\nfrom autoresearch import bench\nprint(*sys.modules)"
    env = {**os.environ, "PYTHONPATH": str(IMPORTABLE)}
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, env=env)
    loaded = set(done.stdout.split())
    ours = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("autoresearch")}
    assert ours == {"autoresearch", "autoresearch.bench"}
    assert not loaded & {"numpy", "pydantic", "ctypes", "asyncio", "typer"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["game_of_life", "tiny_lm"])
def test_examples_print_their_metric(name: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / name, tmp_path, dirs_exist_ok=True)
    env = {**os.environ, "PYTHONPATH": str(IMPORTABLE), "AUTORESEARCH_SEED": "5", "TINY_LM_SECONDS": "0.3"}
    done = subprocess.run(
        [sys.executable, "bench.py"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "autoresearch-bench: isolated"
    metric = {"game_of_life": "generations_per_s", "tiny_lm": "val_bpb"}[name]
    assert [float(line.split()[1]) > 0 for line in lines if line.startswith(f"{metric}: ")] == [True]


LIFE_SLIPS = {
    "edges": ("(x + dx) % self.columns", "min(x + dx, self.columns - 1)"),
    "ties": ("return 1 if x % 2 == y % 2 else 2", "return 1"),
    "rule": ("alive == 2 or alive == 3", "alive == 2"),
}


@pytest.mark.slow
@pytest.mark.parametrize("slip", LIFE_SLIPS)
def test_life_that_breaks_the_rules_has_no_metric(slip: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "game_of_life", tmp_path, dirs_exist_ok=True)
    source = (tmp_path / "life.py").read_text()
    assert LIFE_SLIPS[slip][0] in source
    done = run(tmp_path, (tmp_path / "bench.py").read_text(), "")
    (tmp_path / "life.py").write_text(source.replace(*LIFE_SLIPS[slip]))
    done = run(tmp_path, (tmp_path / "bench.py").read_text(), "")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: divergence at generation ")


@pytest.mark.slow
def test_model_that_trains_too_long_has_no_metric(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "tiny_lm", tmp_path, dirs_exist_ok=True)
    train = (
        (tmp_path / "train.py")
        .read_text()
        .replace("(perf_counter() - begin) / seconds", "(perf_counter() - begin - 1.5)")
    )
    (tmp_path / "train.py").write_text(train)
    done = run(tmp_path, (tmp_path / "bench.py").read_text(), "", env={"TINY_LM_SECONDS": "0.3"})
    assert (done.returncode, done.stdout) == (1, "")
    assert "but has 0.3 s" in done.stderr
