"""Which literals of a text are knobs, between which values, and what a rewrite touches."""

from __future__ import annotations

import ast
import json
import tomllib

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from autoresearch.errors import ProposerError
from autoresearch.model import Scalar
from autoresearch.propose.literals import Knob, lift, rewrite
from autoresearch.propose.names import guarded


def knobs(path: str, text: str) -> tuple[Knob, ...]:
    return tuple(each for each in lift(path, text) if isinstance(each, Knob))


def values(path: str, text: str) -> dict[str, Scalar]:
    return {knob.name: knob.value for knob in knobs(path, text)}


def sources(path: str, text: str) -> dict[str, str]:
    return {knob.name: text[knob.start : knob.end] for knob in knobs(path, text)}


def only(path: str, text: str) -> Knob:
    (knob,) = knobs(path, text)
    return knob


def set_all(path: str, text: str, **new: Scalar) -> str:
    return rewrite(text, {knob: new[knob.name] for knob in knobs(path, text) if knob.name in new})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LR = 0.02\n", {"LR": "0.02"}),
        ("LR: float = 2e-2\n", {"LR": "2e-2"}),
        ("LOW = -0.5\n", {"LOW": "-0.5"}),
        ("WIDTH = 1_024\n", {"WIDTH": "1_024"}),
        ("WIDTH = (64)\n", {"WIDTH": "64"}),
        ("USE_BIAS = True\n", {"USE_BIAS": "True"}),
        ("A = 1; B = 2.5\n", {"A": "1", "B": "2.5"}),
        ("A = 2\nA = 3\n", {"A": "2", "A@2": "3"}),
        ("NAME = 'ß→𝛼'; LR = 0.1  # é\n", {"LR": "0.1"}),
        ("# ß\r\nX = 'é'\r\nLR = 0.1\r\nWIDTH = 8\r\n", {"LR": "0.1", "WIDTH": "8"}),
        ("\ufeffLR = 0.1\n", {"LR": "0.1"}),
        ('"""Doc.\n\nLR = 3.0\n"""\nLR = 0.1\x0c\nWIDTH = 8\n', {"LR": "0.1", "WIDTH": "8"}),
        ("lr = 0.1\nMixed = 2\n", {}),
        ("def f():\n    LR = 0.1\nclass C:\n    LR = 0.1\n", {}),
        ("SIZE = 0xFF\nMASK = 2 ** 3\nPAIR = (1, 2)\nZ = 3j\nOFF = no\n", {}),
        ("OPTIMIZER = 'sgd'\n", {}),
        ("LR = = 0.1\n", {}),
        ("LR = 0.1\nP = '\\d'\n", {"LR": "0.1"}),
    ],
)
def test_finds_module_level_constants_of_python(text: str, found: dict[str, str]) -> None:
    assert sources("train.py", text) == found


@pytest.mark.parametrize(
    ("path", "line", "found"),
    [
        ("a.c", "#define BLOCK 64", {"BLOCK": "64"}),
        ("a.c", "  # define BLOCK (64u) /* a comment */", {"BLOCK": "64"}),
        ("a.h", "#define SCALE 0.5f // half", {"SCALE": "0.5"}),
        ("a.c", "static const unsigned int tile = 16;", {"tile": "16"}),
        ("a.c", "int const tile = 16;", {"tile": "16"}),
        ("a.cpp", "constexpr std::size_t kTile = 16'384UL;", {"kTile": "16'384"}),
        ("a.cu", "const float GAIN = -.5f;", {"GAIN": "-.5"}),
        ("a.cpp", "  static constexpr bool UNROLL = true;", {"UNROLL": "true"}),
        ("a.rs", "pub const LANES: usize = 8usize;", {"LANES": "8"}),
        ("a.rs", "const RATE: f64 = 1_000.5;", {"RATE": "1_000.5"}),
        ("a.go", "const batch int = 64", {"batch": "64"}),
        ("a.go", "const batch = 64", {"batch": "64"}),
        ("a.js", "export const cacheSize = 128;", {"cacheSize": "128"}),
        ("a.ts", "const cacheSize: number = 128", {"cacheSize": "128"}),
        ("A.java", "    public static final int LIMIT = 7;", {"LIMIT": "7"}),
        ("a.js", "function f() { const local = 128; }", {}),
        ("a.c", "#define _POSIX_C_SOURCE 200809L", {}),
        ("a.c", "#define MASK 0xFF", {}),
        ("a.c", "#define MODE 0644", {}),
        ("a.c", "#define AREA 3 * 4", {}),
        ("a.c", "// const int tile = 16;", {}),
        ("a.c", "/* one\n#define BLOCK 64\n*/", {}),
        ("a.c", 'const char *s = "/*";\nconst int tile = 16;', {"tile": "16"}),
        ("a.c", "int counter = 16;", {}),
        ("a.c", "const int *p = 0;", {}),
        ("a.txt", "#define BLOCK 64", {}),
        ("a.js", "  const local = 128;", {"local": "128"}),
        ("a.c", "#define BLOCK \\\n 64", {"BLOCK": "64"}),
        ("a.c", "static const int a = 16, b = 5u;", {"a": "16", "b": "5"}),
        ("a.c", "const\n  double eps =\n    1e-5;", {"eps": "1e-5"}),
        ("a.c", 'const char *s = "\\\nconst int no = 3;";', {}),
        ("a.c", "#define MAX(a, b) 3", {}),
        ("a.c", "const int primes[2] = {2};", {}),
        ("a.cpp", "const int tile{16};", {"tile": "16"}),
        ("a.cpp", "namespace n {\n  const int tile = 16;\n}", {"tile": "16"}),
        ("a.cu", "__constant__ float ALPHA = 0.5f;", {"ALPHA": "0.5"}),
        (
            "a.cu",
            "template <int U = 4> __global__ void k() {\n  constexpr int tile = 16;\n  const int W = 2, local = 3;\n}",
            {"tile": "16", "W": "2"},
        ),
        ("a.metal", "constant float g = 0.5; constexpr int N = 4;", {"N": "4"}),
        ("a.go", "const (\n  a = 1\n  b = iota\n)", {"a": "1"}),
        ("a.rs", "static RATE: f32 = -0.5;\nstatic mut N: u8 = 3;", {"RATE": "-0.5"}),
        ("a.rs", "fn f() { let x = 3; const N: usize = 4; }", {"N": "4"}),
        ("a.ts", "class A { static readonly size: number = 5; other = 3 }", {"size": "5"}),
        ("a.tsx", "const gap: number = 5; const e = <B x={5}/>;", {"gap": "5"}),
        ("A.java", "class A { A() { final int x = 5; } void f() { final int y = 5; } }", {}),
        ("a.cs", "class A { const int B = 5; static readonly decimal C = 0.5m; int d = 3; }", {"B": "5", "C": "0.5"}),
        ("a.swift", "let a = 5\nvar b = 3\nfunc f() { let c = 3 }", {"a": "5"}),
        ("a.kt", "const val A = 5L\nvar b = 3", {"A": "5"}),
        ("a.scala", "object O { val b: Double = -0.5 }", {"b": "-0.5"}),
        ("a.zig", "pub const b: f32 = 0.5;\nvar c: u32 = 3;", {"b": "0.5"}),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_finds_constants_of_c_and_its_kin(path: str, line: str, found: dict[str, str], newline: str) -> None:
    assert sources(path, f"// ß→\n{line}\nint x;\n".replace("\n", newline)) == found


JSON = '{"ü": "1", "lr": 1e-3, "on": true,\r\n "layers": [64, {"width": 32}], "none": null, "at": "a,b]: 5"}'


def test_finds_every_leaf_of_json() -> None:
    assert sources("a.json", JSON) == {"lr": "1e-3", "on": "true", "layers.0": "64", "layers.1.width": "32"}


def test_finds_every_leaf_of_yaml() -> None:
    text = (
        "# ß\r\nname: é 3\r\nmodel: &m\r\n  lr: 1e-3  # low\r\n  wide: yes\r\n  v: '3'\r\n"
        "layers: [64, 0x10]\r\ncopy: *m\r\nk: &x 4\r\n--- {b: 2}\r\n"
    )
    assert sources("a.yaml", text) == {"model.lr": "1e-3", "model.wide": "yes", "layers.0": "64", "b": "2"}


def test_finds_the_lines_of_toml() -> None:
    text = (
        'ß = 1\nlr = 1e-3 # "low"\ntext = """\nlr = 5\n"""\n[a.b]\nbig = 1_000\r\nok = true\nday = 2020-01-01\n'
        "[[layer]]\nwidth = 3\n[[layer]]\nwidth = 4\nmore = [1]\n"
    )
    assert sources("a.toml", text.replace("ß = 1\n", "")) == {
        "lr": "1e-3",
        "a.b.big": "1_000",
        "a.b.ok": "true",
        "layer.0.width": "3",
        "layer.1.width": "4",
    }


@pytest.mark.parametrize("broken", ["a: [1", "a: 1\n b: 2", "- !!"])
def test_a_text_that_does_not_parse_has_no_knobs(broken: str) -> None:
    assert knobs("a.yml", broken) == ()


@pytest.mark.parametrize(
    "name",
    "SEED N_STEPS steps maxIter MAX_ITERS nsteps epochs evalBatch TIMEOUT_S wall_time walltime BUDGET n-iterations "
    "random_state eval.batch TIME_LIMIT seconds repeats log_interval SAVE_EVERY val_fraction test_size NUM_RUNS "
    "verbose logging.level patience vocab_size num_classes WARP_SIZE max_rounds hours PORT".split(),
)
def test_names_of_budget_seed_and_measurement_are_guarded(name: str) -> None:
    assert guarded(name)


@pytest.mark.parametrize(
    "name",
    "LR HIDDEN SENTIMENT intervals RETRIEVAL_K state_dim lookahead RANDOM_CROP STEP_SIZE stepsize step_penalty "
    "time_bonus REPEAT_PENALTY LOG_SIGMA VALUE_WEIGHT secondary lora_rank DEVICE_BATCH_SIZE value update_every".split(),
)
def test_other_names_are_not_guarded(name: str) -> None:
    assert not guarded(name)


def test_guarded_names_are_left_alone_unless_annotated() -> None:
    assert values("a.py", "STEPS = 100\nLR = 0.1\nSEED = 3\n") == {"LR": 0.1}
    assert values("a.py", "STEPS = 100  # tune: 50..200\nLR = 0.1\n") == {"STEPS": 100}
    assert values("a.json", '{"eval": {"batch": 3}, "batch": 4}') == {"batch": 4}


@pytest.mark.parametrize(
    ("line", "low", "high", "log"),
    [
        ("WIDTH = 64", 16, 256, True),
        ("WIDTH = 1", 1, 4, True),
        ("LR = 0.02", 0.002, 0.2, True),
        ("LR = 3.0", 0.3, 30.0, True),
        ("OFFSET = 0.0", 0.0, 1.0, False),
        ("OFFSET = -0.5", -5.0, -0.05, False),
        ("DROPOUT = 0.1", 0.0, 0.9, False),
        ("DROPOUT = 0.0", 0.0, 0.9, False),
        ("MOMENTUM = 0.9", 0.0, 0.99, False),
        ("WARMUP_RATIO = 0.5", 0.0, 1.0, False),
        ("CLIP_RATIO = 2.0", 0.2, 20.0, True),
        ("EMA_DECAY = 0.99", 0.9, 0.999, False),
        ("MOMENTUM = 0.3", 0.03, 0.999, True),
        ("WEIGHT_DECAY = 0.01", 0.001, 0.1, True),
    ],
)
def test_default_ranges_lie_around_the_value(line: str, low: float, high: float, log: bool) -> None:
    span = only("a.py", line).range
    assert span.low == pytest.approx(low)
    assert span.high == pytest.approx(high)
    assert span.log is log
    assert span.kind == ("int" if line.startswith("WIDTH") else "float")


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("BLOCK_SIZE = 64", (16, 32, 64, 128, 256)),
        ("TILE = 2", (1, 2, 4, 8)),
        ("BM = 128", (32, 64, 128, 256, 512)),
        ("NUM_WARPS = 1_024", (256, 512, 1024, 2048, 4096)),
    ],
)
def test_what_is_laid_out_in_powers_of_two_takes_no_other_value(line: str, choices: tuple[int, ...]) -> None:
    assert only("a.py", line).range.choices == choices
    assert only("a.py", "BLOCK_SIZE = 48").range.low == 12


@pytest.mark.parametrize(
    ("line", "values", "expected"),
    [
        ("A = 1.0  # tune: 0.1..10 log", (0.1, 1.0, 10.0), ((0.0,), (0.5,), (1.0,))),
        ("A = 3  # tune: 2..6", (2, 3, 6), ((0.0,), (0.25,), (1.0,))),
        ("A = 64  # tune: 256|16|64", (16, 64, 256), ((0.0,), (0.5,), (1.0,))),
        ("A = 'x'  # tune: x|y|z", ("x", "z"), ((0.5, 0.0, 0.0), (0.0, 0.0, 0.5))),
        ("A = True", (False, True), ((0.5, 0.0), (0.0, 0.5))),
        ("A = 7  # tune: 7|7", (7,), ((0.0,),)),
    ],
)
def test_numbers_lie_in_their_order_and_other_choices_apart(
    line: str, values: tuple[Scalar, ...], expected: tuple[tuple[float, ...], ...]
) -> None:
    span = only("a.py", line).range
    assert [span.coordinates(value) for value in values] == [pytest.approx(each) for each in expected]


@pytest.mark.parametrize("line", ["FLAG = 0", "NONE = -1", f"HASH = {2**40}", "BIG = 1e308", "TINY = 5e-324"])
def test_numbers_without_a_sensible_range_are_left_alone(line: str) -> None:
    assert knobs("a.py", line) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("LR = 0.1  # tune: 1e-4..1e-1 log", ("float", 1e-4, 1e-1, True, ())),
        ("LR = 0.1  #tune: -1 .. 1", ("float", -1, 1, False, ())),
        ("LR = 0.1  # peak  # tune: 0.5..2 linear", ("float", 0.5, 2, False, ())),
        ("N = 8  # tune: 2..16", ("int", 2, 16, False, ())),
        ("N = 8  # tune: 1..1_024 log", ("int", 1, 1024, True, ())),
        ("N = 8  # tune: 4|8 | 16", ("choice", 0, 0, False, (4, 8, 16))),
        ("LR = 0.1  # tune: 1|0.1", ("choice", 0, 0, False, (1.0, 0.1))),
        ("OK = True  # tune: True|False", ("bool", 0, 0, False, (True, False))),
        ("OPT = 'sgd'  # tune: sgd|'momentum'|adam", ("choice", 0, 0, False, ("sgd", "momentum", "adam"))),
        ("lr = 0.1  # tune: 0.5..2", ("float", 0.5, 2, False, ())),
        ("def f():\n    return g(1, lr=0.1)  # tune: 0.5..2", ("float", 0.5, 2, False, ())),
        ("d = {\n 'a': 1,\n 'lr': 0.1,  # tune: 0.5..2\n}", ("float", 0.5, 2, False, ())),
    ],
)
def test_annotations_say_the_range(line: str, expected: tuple[object, ...]) -> None:
    span = only("a.py", f"OTHER = 5\n{line}\r\nLAST = 6\n").range
    assert (span.kind, span.low, span.high, span.log, span.choices) == expected


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("a.c", "int a = 3;\nint block = 64; // tune: 16..256\r\n", {"block": "64"}),
        ("a.c", "#define BLOCK 64 /* tune: 16..256 */\r\nconst int other = 3;\n", {"BLOCK": "64"}),
        ("a.cu", "#define BLOCK 64 // tune: 16..256\r\n#define B 3\r\n", {"BLOCK": "64"}),
        ("a.rs", "let mut lr: f64 = 0.5; // tune: 0.1..1", {"lr": "0.5"}),
        ("a.go", "var n int = 5 // tune: 1..9", {"n": "5"}),
        ("a.go", "n := 5 // tune: 1..9", {"n": "5"}),
        ("a.js", 'f({size: 5, n: 6}) // tune: 1..9\nlet m = "fast"; // tune: fast|slow', None),
        ("a.yaml", "a: 1\nopt: sgd  # tune: sgd|adam\r\nb: {c: 2, d: 3} # tune: 1..4\r\n", None),
        ("a.toml", 'a = 1\nopt = "sgd" # tune: sgd|adam\r\nlr = 0.1 # tune: 0.01..1 log\r\n', None),
        ("a.jsonc", '{"a": 1,\n"lr": 0.1 // tune: 0.01..1 log\r\n}', {"lr": "0.1"}),
        ("a.py", 'HELP = "write # tune: 1..2"\nLR = 0.1\n', {"LR": "0.1"}),
    ],
)
def test_where_something_is_annotated_the_rest_is_left_alone(
    path: str, text: str, found: dict[str, str] | None
) -> None:
    several = {
        "a.js": {"size": "5", "n": "6", "m": '"fast"'},
        "a.yaml": {"opt": "sgd", "b.c": "2", "b.d": "3"},
        "a.toml": {"opt": '"sgd"', "lr": "0.1"},
    }
    assert sources(path, text) == (found or several[path])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("LR = 0.1  # tune: low", r"write LOW\.\.HIGH"),
        ("LR = 0.1  # tune: 1e-4...1e-1", r"write LOW\.\.HIGH"),
        ("LR = 0.1  # tune: 1..2 loud", r"write LOW\.\.HIGH"),
        ("LR = 0.1  # tune: 2..1", "first bound"),
        ("LR = 0.1  # tune: 0..1 log", "above 0"),
        ("N = 1  # tune: 0.5..2", r"1\.0"),
        ("N = 1  # tune: 1|a", "kind of 1"),
        ("N = 1  # tune: 1|2.5", "kind of 1"),
        ("OK = True  # tune: 1|0", "kind of True"),
        ("OK = True  # tune: 0..1", "needs a number"),
        ("OPT = 'a'  # tune: a||b", "choice is empty"),
        ("OPT = 'a'  # tune: 1..2", "needs a number"),
        ("LR = f(0.1)  # tune: 1..2", "same line"),
        ("# tune: 1..2\nLR = 0.1", "same line"),
    ],
)
def test_an_annotation_that_does_not_fit_is_named_with_its_line(line: str, why: str) -> None:
    with pytest.raises(ProposerError, match=why) as caught:
        knobs("pkg/train.py", f"\n{line}\n")
    assert "pkg/train.py line 2" in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "#define BLOCK 64 # tune: 16..128",
        "#define BLOCK 64 // tune 16..128",
        "#define BLOCK 64 // Tune: 16..128",
        '#define NAME "x" // tune: x|y',
        "#define MASK 0x0F // tune: 1..9",
    ],
)
def test_what_was_meant_as_an_annotation_of_c_and_is_none_is_named_with_its_line(line: str) -> None:
    with pytest.raises(ProposerError, match=r"a\.c line 2: ") as caught:
        knobs("a.c", f"#define OTHER 3\n{line}\n")
    assert "plain number" in str(caught.value)


def test_a_comment_about_tuning_is_no_annotation() -> None:
    assert [knob.name for knob in knobs("a.c", "#define BLOCK 64 // tune this later, 16 or 32\n")] == ["BLOCK"]


def test_rewrites_only_the_literals() -> None:
    text = "# ß\r\nLR = 0.02  # peak\r\nN= 1_024\r\nOK =True;LOW = -0.5\r\n"
    assert set_all("a.py", text, LR=0.11, OK=False, LOW=-1.5) == (
        "# ß\r\nLR = 0.11  # peak\r\nN= 1_024\r\nOK =False;LOW = -1.5\r\n"
    )
    assert set_all("a.py", text, N=2048) == text.replace("1_024", "2048")


def test_a_literal_that_keeps_its_value_keeps_its_spelling() -> None:
    text = "A = 1_024\nB = 2e-2\nC = .50\nD = 1\n"
    assert set_all("a.py", text, A=1024, B=0.02, C=0.5, D=2) == text.replace("D = 1", "D = 2")


def test_keeps_what_is_around_a_c_literal() -> None:
    text = "#define A (64u)\nconst float B = .5f; // é\nconst bool C = true;\n"
    assert set_all("a.c", text, A=128, B=2.0, C=False) == (
        "#define A (128u)\nconst float B = 2.0f; // é\nconst bool C = false;\n"
    )


def test_keeps_the_quotes_of_a_choice() -> None:
    text = "A = 'x'  # tune: x|y\nB = \"x\"  # tune: x|y\n"
    assert set_all("a.py", text, A="y", B="y") == "A = 'y'  # tune: x|y\nB = \"y\"  # tune: x|y\n"
    assert set_all("a.yaml", "a: x # tune: x|y\n", a="y") == "a: y # tune: x|y\n"


@pytest.mark.parametrize("value", [1.234e-05, 1e-05, 1e16, 12.0, 0.3])
def test_a_small_float_is_read_back_as_the_same_number_in_every_language(value: float) -> None:
    assert yaml.safe_load(set_all("a.yaml", "lr: 1.0\n", lr=value)) == {"lr": value}
    assert json.loads(set_all("a.json", '{"lr": 1.0}', lr=value)) == {"lr": value}
    assert tomllib.loads(set_all("a.toml", "lr = 1.0\n", lr=value)) == {"lr": value}
    assert ast.literal_eval(set_all("a.py", "LR = 1.0", LR=value).removeprefix("LR = ")) == value


def test_booleans_of_yaml_and_json_are_written_in_lower_case() -> None:
    assert yaml.safe_load(set_all("a.yaml", "a: yes\n", a=False)) == {"a": False}
    assert set_all("a.json", '{"a": false}', a=True) == '{"a": true}'


@pytest.mark.parametrize(
    ("low", "high", "value", "tidied"),
    [
        (1e-4, 1.0, 0.123456789, 0.1235),
        (0.99991, 0.99999, 0.999934567, 0.99993457),
        (0.00021234, 1.0, 0.00021234, 0.00021234),
        (10.0, 1e6, 123456.789, 123500.0),
    ],
)
def test_a_float_gets_few_digits_inside_its_bounds(low: float, high: float, value: float, tidied: float) -> None:
    span = only("a.py", f"X = 0.5  # tune: {low}..{high}").range
    tidy = span.tidy(value)
    assert isinstance(tidy, float)
    assert tidy == pytest.approx(tidied, abs=(high - low) / 1000)
    assert low <= tidy <= high
    assert len(repr(tidy)) <= len(repr(tidied))


NUMBERS = st.one_of(
    st.booleans(),
    st.integers(1, 10**6),
    st.floats(1e-6, 1e6).map(lambda value: float(f"{value:.6g}")),
    st.floats(-1e6, -1e-6),
)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="'\\#"), max_size=8)
LINES = st.lists(st.tuples(NUMBERS, WORDS), min_size=1, max_size=6)


@settings(deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]))
def test_the_same_values_leave_the_text_equal(lines: list[tuple[bool | int | float, str]], newline: str) -> None:
    text = _module(lines, newline)
    found = knobs("a.py", text)
    assert [knob.value for knob in found] == [value for value, _ in lines]
    assert rewrite(text, {knob: knob.value for knob in found}) == text


@settings(deadline=None)
@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]))
def test_other_values_change_nothing_but_the_literals(
    lines: list[tuple[bool | int | float, str]], others: list[tuple[bool | int | float, str]], newline: str
) -> None:
    text = _module(lines, newline)
    found = knobs("a.py", text)
    new = [value if type(value) is type(old) else old for (old, _), (value, _) in zip(lines, others, strict=False)]
    chosen = dict(zip(found, new, strict=False))
    kept = [value for value, _ in lines[len(new) :]]
    assert rewrite(text, chosen) == _module(list(zip([*new, *kept], (word for _, word in lines), strict=True)), newline)


def _module(lines: list[tuple[bool | int | float, str]], newline: str) -> str:
    return "".join(f"'{word}'; P{i} = {value!r}  # {word}{newline}" for i, (value, word) in enumerate(lines))
