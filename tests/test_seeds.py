"""Which edits change nothing but a random seed, in Python and in other languages, and which only look like it."""

from __future__ import annotations

import pytest

from autoresearch.decide.seeds import is_seed, only_seeds_differ

PROGRAM = """import numpy as np


def train(lr, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal() * lr


{}
print(train(0.1))
"""


def of_python(old: str, new: str) -> bool:
    """Both ways round, alone and within a program."""
    found = {
        only_seeds_differ("a.py", *pair)
        for one, other in ((old, new), (new, old))
        for pair in ((one, other), (PROGRAM.format(one), PROGRAM.format(other)))
    }
    assert len(found) == 1, "the order or the surroundings matter"
    return found.pop()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("random.seed(1)", "random.seed(2)"),
        ("random.seed(1)", "random.seed(None)"),
        ("random.seed(1)", "random.seed()"),
        ("g.manual_seed(1)", "g.manual_seed(-2)"),
        ("g = torch.Generator().manual_seed(1)", "g = torch.Generator().manual_seed(2)"),
        ("torch.cuda.manual_seed_all(1)", "torch.cuda.manual_seed_all(2)"),
        ("pl.seed_everything(1, workers=True)", "pl.seed_everything(2, workers=True)"),
        ("tf.keras.utils.set_random_seed(1)", "tf.keras.utils.set_random_seed(2)"),
        ("set_seed(1)", "set_seed(2)"),
        ("@seed(1)\ndef test(): ...", "@seed(2)\ndef test(): ..."),
        ("rng = np.random.default_rng(1)", "rng = np.random.default_rng(2)"),
        ("rng = default_rng(SEED)", "rng = default_rng(7)"),
        ("rng = default_rng(cfg.seed)", "rng = default_rng(cfg.seed + 1)"),
        ("rng = random.Random(1)", "rng = random.Random(2)"),
        ("from random import Random\nrng = Random(1)", "from random import Random\nrng = Random(2)"),
        ("rng = Generator(PCG64(1))", "rng = Generator(PCG64(2))"),
        ("rng = Philox(1, counter=3)", "rng = Philox(2, counter=3)"),
        ("rng = MT19937(SeedSequence(1))", "rng = MT19937(SeedSequence(2))"),
        ("rng = np.random.RandomState(1)", "rng = np.random.RandomState(2)"),
        ("key = jax.random.PRNGKey(1)", "key = jax.random.PRNGKey(2)"),
        ("m = Forest(random_state=1)", "m = Forest(random_state=2)"),
        ("m = Forest(random_state=1)", "m = Forest(random_state=SEED)"),
        ("m = f(rng_seed=40 + 2)", "m = f(rng_seed=~7)"),
        ("m = f(globalSeed=1)", "m = f(globalSeed=None)"),
        ("SEED = 1", "SEED = 2"),
        ("SEED = 1", "SEED = '2'"),
        ("SEED: int = 1", "SEED: int = 2"),
        ("SEED = BASE_SEED = 1", "SEED = BASE_SEED = 2"),
        ("self.seed = 1", "self.seed = 2"),
        ("config['seed'] = 1", "config['seed'] = 2"),
        ("config = {'seed': 1, **rest}", "config = {'seed': 2, **rest}"),
        ("config = dict(seed=1)", "config = dict(seed=2)"),
        ("def f(x, seed=1): ...", "def f(x, seed=2): ..."),
        ("def f(seed=1, /, x=2): ...", "def f(seed=3, /, x=2): ..."),
        ("def f(*, x, seed=1): ...", "def f(*, x, seed=2): ..."),
        ("f = lambda seed=1: seed", "f = lambda seed=2: seed"),
        ("class C:\n    seed: int = 1", "class C:\n    seed: int = 2"),
        ("p.add_argument('--seed', type=int, default=1)", "p.add_argument('--seed', type=int, default=2)"),
        (
            "@click.option('--rng-seed', default=1)\ndef f(): ...",
            "@click.option('--rng-seed', default=2)\ndef f(): ...",
        ),
        ("def f(seed: int = typer.Option(1, '--seed')): ...", "def f(seed: int = typer.Option(2, '--seed')): ..."),
        ("SEED = int(os.environ.get('A_SEED', '1'))", "SEED = int(os.environ.get('A_SEED', '2'))"),
        ("", "random.seed(1)"),
        ("def f():\n    return 1", "def f():\n    random.seed(1)\n    return 1"),
        ("SEED = 1\nrandom.seed(SEED)\nn = SEED", "SEED = 2\nrandom.seed(SEED)\nn = SEED"),
        ("x = 3\nseed = 1", "x = 3  # three\nseed = 2"),
        ("", "import random\nrandom.seed(1)"),
        ("", "import random, torch\nrandom.seed(1)\ntorch.manual_seed(1)"),
        ("", "from random import seed\nseed(1)"),
        ("def set_seed(seed):\n    f(seed)\nset_seed(1)", "def set_seed(seed):\n    f(seed)\nset_seed(2)"),
        ("np.random.seed(1)", "np.random.seed(2**32 - 1)"),
        ("np.random.seed(1)", "np.random.seed([1, 2])"),
        ("random.seed('a')", "random.seed(b'b')"),
        ("random.seed(1)", "random.seed(0.5)"),
        ("rng = np.random.default_rng(1)", "rng = np.random.default_rng()"),
        ("rng = default_rng([1, 2])", "rng = default_rng([3, 4, 5])"),
        ("key = jax.random.key(1)", "key = jax.random.key(2)"),
        ("m = Forest(random_state=1, n=3)", "m = Forest(n=3)"),
        ("f(seeds=[1, 2])", "f(seeds=[3, 4])"),
        ("def train(lr, seed): ...\ntrain(0.1, 1)", "def train(lr, seed): ...\ntrain(0.1, 2)"),
        ("def f(seed, /): return seed\nf(1)", "def f(seed, /): return seed\nf(2)"),
        ("seed, lr = 1, 0.1", "seed, lr = 2, 0.1"),
        ("seed += 1", "seed += 100"),
        ("f(seed := 1)", "f(seed := 2)"),
        ("seeds = [1, 2]", "seeds = [8, 9]"),
        ("for seed in (1, 2): f(seed)", "for seed in (8, 9): f(seed)"),
        ("a = [f(seed) for seed in [1, 2]]", "a = [f(seed) for seed in [8, 9]]"),
        ("class C:\n    seed: int = field(default=1)", "class C:\n    seed: int = field(default=2)"),
        ("SEED = np.uint64(1)", "SEED = np.uint64(2)"),
        ("", "SEED = 1\nimport torch\ntorch.manual_seed(SEED)"),
        ("", "SEED: int = 1\nimport torch as t\nt.manual_seed(SEED)"),
        ("rng = default_rng(1)", "SEED = 2\nrng = default_rng(SEED)"),
        ("import prepare\nrng = default_rng(prepare.SEED)", "rng = default_rng(2)"),
    ],
)
def test_another_seed_is_no_other_program(old: str, new: str) -> None:
    assert of_python(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("for i in range(3): f(i)", "for i in range(4): f(i)"),
        ("for seed in range(3): f(seed)", "for seed in range(4): f(seed)"),
        ("for seed in (1, 2): f(seed)", "for seed in (1, 2, 3): f(seed)"),
        ("seeds = [1, 2]", "seeds = [1, 2, 3]"),
        ("n_seeds = 3", "n_seeds = 4"),
        ("NUM_SEEDS = 3", "NUM_SEEDS = 4"),
        ("nSeeds = 3", "nSeeds = 4"),
        ("seeds = 3", "seeds = 4"),
        ("seed_count = 3", "seed_count = 4"),
        ("runs_per_seed = 3", "runs_per_seed = 4"),
        ("f(num_seeds=3)", "f(num_seeds=4)"),
        ("f(n_seed=3)", "f(n_seed=4)"),
        ("seeds = random_seeds(3)", "seeds = random_seeds(4)"),
        ("seedling = 3", "seedling = 4"),
        ("proceed = 3", "proceed = 4"),
        ("seed_length = 3", "seed_length = 4"),
        ("seed_text = 'a'", "seed_text = 'b'"),
        ("seed = 'Once upon a time'", "seed = 'Twice'"),
        ("seed = 0.5", "seed = 0.6"),
        ("seed = (1, 2)", "seed = (1, 3)"),
        ("seed = True", "seed = False"),
        ("use_seed = 0", "use_seed = 1"),
        ("seed = seed * 16807 % M", "seed = seed * 48271 % M"),
        ("seed *= 16807", "seed *= 48271"),
        ("seed = f(1)", "seed = f(2)"),
        ("seed = 1 if fast else 2", "seed = 3 if fast else 2"),
        ("seed = x", "seed = y"),
        ("if seed == 1: f()", "if seed == 2: f()"),
        ("seed, lr = 1, 0.1", "seed, lr = 1, 0.2"),
        ("seed, *rest = 1, 2", "seed, *rest = 1, 3"),
        ("a, seed = 1, 2", "a, seed = 3, 2"),
        ("a = seed = 1", "a = seed = 2"),
        ("seed_population(50)", "seed_population(60)"),
        ("board = get_seed(1)", "board = get_seed(2)"),
        ("def seed(n): return [0] * n\nseed(3)", "def seed(n): return [0] * n\nseed(4)"),
        ("def seed(n): return [0] * n\nseed(3)", "def seed(n): return [0] * n"),
        ("f(1)", "f(2)"),
        ("world.plant_seed(1)", "world.plant_seed(2)"),
        ("", "queue.add_seed(0)"),
        ("", "pl.seed_everything(1, workers=count())"),
        ("f(seed=not seed)", "f(seed=1)"),
        ("import random\nx = random.random()", "import random\nx = 1"),
        ("train(0.1, 1)", "train(0.2, 1)"),
        ("train(1)", "train(2)"),
        ("v = d.key(1)", "v = d.key(2)"),
        ("rng = Philox(1, 2)", "rng = Philox(1, 3)"),
        ("rng = default_rng(x)", "rng = default_rng(y)"),
        ("rng = default_rng(seed + rank)", "rng = default_rng(seed)"),
        ("rng = PCG64(1)", "rng = MT19937(1)"),
        ("x = rng.random(3)", "x = rng.random(4)"),
        ("x = rng.integers(3, seed=1)", "x = rng.integers(4, seed=1)"),
        ("f(seed=True)", "f(seed=False)"),
        ("f(seed=1, n=2)", "f(seed=1, n=3)"),
        ("f(**seed)", "f(**other)"),
        ("p.add_argument('--n', default=1)", "p.add_argument('--n', default=2)"),
        ("p.add_argument('--n-seeds', default=1)", "p.add_argument('--n-seeds', default=2)"),
        ("p.add_argument('--seed', nargs=1)", "p.add_argument('--seed', nargs=2)"),
        ("print('seed', 1)", "print('seed', 2)"),
        ("config = {'n': 1, 'seed': 3}", "config = {'n': 2, 'seed': 3}"),
        ("def f(x=1, *, seed=3): ...", "def f(x=2, *, seed=3): ..."),
        ("def f(x=1, seed=3): ...", "def f(x=2, seed=3): ..."),
        ("random.seed(1)\nx = 1", "random.seed(1)\nx = 2"),
        ("", "torch.manual_seed(time.time())"),
        ("", "SEED = 1"),
        ("", "import torch"),
        ("import random", ""),
        ("import random\nrandom.seed(1)\nx = random.random()", "x = random.random()"),
        ("", "seed_everything(1, workers=count())"),
        ("", "def seed(): ..."),
        ("", "def reset(seed):\n    random.seed(seed)\n    cache.clear()"),
        ("", "@cache\ndef reset(seed):\n    random.seed(seed)"),
        ("'''Seed.'''\nseed = 1", "'''Another.'''\nseed = 1"),
        ("seed = 1\nx = (", "seed = 2\nx = ("),
        ("p = Random(1)", "p = Random(2)"),
    ],
)
def test_a_count_a_text_or_another_call_is_no_seed(old: str, new: str) -> None:
    assert not of_python(old, new)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.yaml", "lr: 1\nseed: 1\n", "lr: 1\nseed: 2\n"),
        ("a.yaml", "train:\n  random_state: null\n", "train:\n  random_state: 2  # lucky\n"),
        ("a.yml", "- random-seed: 1\n", "- random-seed: 2\n"),
        ("a.json", '{"seed": 1, "n": 2}', '{"seed": 3, "n": 2}'),
        ("a.toml", "seed = 1\n", "# lucky\nseed = 2_000\n"),
        ("a.ini", "[a]\nseed = 1\n", "[a]\nseed = 2\n"),
        ("a.c", "srand(1);", "srand(2u);"),
        ("a.c", "#define SEED 1\n", "#define SEED 0x2A\n"),
        ("a.c", "static const uint64_t kSeed = 1ULL;", "static const uint64_t kSeed = 0xDEADBEEFULL;"),
        ("a.cu", "curand_init(1, i, 0, &state);", "curand_init(2, i, 0, &state);"),
        ("a.cpp", "std::mt19937 gen(1);", "std::mt19937 gen(2);"),
        ("a.cpp", "std::mt19937_64 gen{1};", "std::mt19937_64 gen{2};"),
        ("a.cpp", "uint64_t seed{1};", "uint64_t seed{2};"),
        ("a.cpp", "auto g = std::mt19937(1);", "auto g = std::mt19937(2);"),
        ("a.rs", "const SEED: u64 = 1;", "const SEED: u64 = 2_u64;"),
        ("a.rs", "StdRng::seed_from_u64(1)", "StdRng::seed_from_u64(2)"),
        ("a.go", "rand.Seed(1)", "rand.Seed(2)"),
        ("a.go", "r := rand.New(rand.NewSource(1))", "r := rand.New(rand.NewSource(2))"),
        ("a.go", "const seed int64 = 1", "const seed int64 = 2"),
        ("a.js", "const seed = 1; // first", "const seed = 2; // first"),
        ("a.js", "config['seed'] = 1", "config['seed'] = 2"),
        ("a.java", "new Random(1)", "new Random(2L)"),
        ("a.jl", "Random.seed!(1)", "Random.seed!(2)"),
        ("a.R", "set.seed(1)", "set.seed(2)"),
        ("a.R", "seed <- 1L", "seed <- 2L"),
        ("a.c", "s->seed = 1;", "s->seed = 2;"),
        ("a.c", "struct s s = {.seed = 1};", "struct s s = {.seed = 2};"),
        ("a.pyi", "seed: int = 1", "seed: int = 2"),
        ("a.lua", "math.randomseed(1)", "math.randomseed(2)"),
        ("a.sh", "python train.py --seed 1 --lr 3\n", "python train.py --seed 2 --lr 3\n"),
        ("a.sh", "python train.py --seed=1 --lr 3\n", "python train.py --seed=2 --lr 3\n"),
        ("a.pyx", "np.random.seed(1)\n", "np.random.seed(2)\n"),
    ],
)
def test_knows_a_seed_in_other_languages(path: str, old: str, new: str) -> None:
    assert only_seeds_differ(path, old, new)
    assert only_seeds_differ(path, new, old)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.yaml", "seed: 1\nlr: 1\n", "seed: 1\nlr: 2\n"),
        ("a.yaml", "n_seeds: 1\n", "n_seeds: 2\n"),
        ("a.yaml", "seeds: 1\n", "seeds: 2\n"),
        ("a.yaml", "seeds: [1]\n", "seeds: [1, 2]\n"),
        ("a.yaml", "seed: 1.5\n", "seed: 2.5\n"),
        ("a.yaml", "seed: fast\n", "seed: slow\n"),
        ("a.json", '{"seed_size": 1}', '{"seed_size": 2}'),
        ("a.toml", "proceed = 1\n", "proceed = 2\n"),
        ("a.c", "if (seed == 1) f();", "if (seed == 2) f();"),
        ("a.c", "while (seed <= 1) f();", "while (seed <= 2) f();"),
        ("a.c", "seed = 1 * f();", "seed = 2 * f();"),
        ("a.c", "seed = seed * 16807;", "seed = seed * 48271;"),
        ("a.c", "seed *= 16807;", "seed *= 48271;"),
        ("a.c", "plant_seed(1);", "plant_seed(2);"),
        ("a.c", "int n = 1; int seed = 3;", "int n = 2; int seed = 3;"),
        ("a.c", "srand(time(1));", "srand(time(2));"),
        ("a.cpp", "std::vector<int> seeds(1);", "std::vector<int> seeds(2);"),
        ("a.cpp", "std::mt19937 gen(n + 1);", "std::mt19937 gen(n + 2);"),
        ("a.js", "a.seed::b", "a.seed::c"),
        ("a.md", "seed: 1", "seed: 2"),
        ("prompt.txt", "seed = 1", "seed = 2"),
        ("seed", "seed = 1", "seed = 2"),
    ],
)
def test_a_number_that_is_no_seed_counts_in_other_languages(path: str, old: str, new: str) -> None:
    assert not only_seeds_differ(path, old, new)
    assert not only_seeds_differ(path, new, old)


@pytest.mark.parametrize(
    "name", "seed SEED rng_seed globalSeed RNGSeed seed_2 seed1 SEED_VALUE random_state randomState".split()
)
def test_names_of_one_seed(name: str) -> None:
    assert is_seed(name)


@pytest.mark.parametrize(
    "name",
    ["", "_", *"seeds seeded seedling proceed linseed n_seed n_seeds num_seeds seed_size state random s".split()],
)
def test_names_of_something_else(name: str) -> None:
    assert not is_seed(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "seed = (",
        "\0",
        "\ud800 seed = 1",
        "seed" + ".b" * 9_000,
        "seed = " + "-" * 100_000 + "1",
        "seed = 1" + " + 1" * 20_000,
        "random.seed(" + "[" * 150 + "1" + "]" * 150 + ")",
        "seed = 0x" + "f" * 20_000,
        "seed(" * 150 + ")" * 150,
        "random.seed\n" * 2_000,
        "from random import *\nrandom.seed(1)",
        "f().seed(1)(2)",
        "(a, b), seed = (1, 2), 3",
        "*seed, = 1, 2",
        "x[seed] = 1",
        "lambda: 0",
        "x = 1\rseed = 1\r\n\x0c\ny = '''\x0b\x85\u2028\r'''\rseed = 2",
        "f(*seed, **seed)",
        "seed: int",
        "{**seed, seed: 1, 'seed': 2}",
    ],
)
@pytest.mark.parametrize("path", ["a.py", "a.c", "a.yaml", "a.toml", "a.sh", "a.js", "a.json"])
def test_no_text_breaks_the_reader(path: str, text: str) -> None:
    assert only_seeds_differ(path, text, text + "\nseed = 1") in (True, False)


@pytest.mark.parametrize("blob", ["a" * 4_000, "ff " * 1_300, " " * 4_000, "0" * 4_000])
def test_long_words_and_long_blanks_are_read_in_a_moment(blob: str) -> None:
    text = "".join(f'x = "{blob}"\n' for _ in range(50)) + "seed = {}\n"
    assert only_seeds_differ("a.js", text.format(1), text.format(2))
