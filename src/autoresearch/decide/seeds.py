"""Which numbers of a program are random seeds, and whether two versions differ in anything else."""

from __future__ import annotations

import ast
import re
from functools import lru_cache

from autoresearch.decide.syntax import changed_lines, parsed, uncommented

_COUNTED = frozenset("n nr num number count total max min per len size length use with has is get".split())
"""Words that make of a seed an amount of work or a switch: `n_seeds`, `runs_per_seed`, `use_seed`."""
_BEHIND = frozenset("value val base default global int init from u all everything".split())
"""Words that may follow `seed` in its name; behind others it is something else: `seed_text`, `seed_x`."""
_SEEDING = frozenset(
    """
    seed all cuda everything fix from global init keras manual np numpy python random reset set setup tf torch u
    """.split()
)
"""What the names of functions that seed are made of; `plant_seed` and `add_seed` do something else."""
_GENERATORS = frozenset(
    "default_rng RandomState SeedSequence PCG64 Philox MT19937 SFC64 PRNGKey Random srand srandom srand48 curand_init "
    "mt19937 mt19937_64 minstd_rand MersenneTwister Xoshiro NewSource".split()
)
"""What takes a seed first, and does not say so in its name."""
_OPTIONS = frozenset("add_argument add_option option Option Argument get getenv setdefault field".split())
"""What takes the name of a seed and its value."""
_WRAPPERS = frozenset("field Field Option Argument int int32 int64 uint32 uint64".split())
"""Take the value of a seed, and give it to the name that they are assigned to."""
_MENTIONED = re.compile("seed|rand|rng|pcg|philox|sfc64|mt19937|twister|xoshiro|key|newsource", re.IGNORECASE)
_PYTHON = (".py", ".pyi")
_BLANK = ast.Constant(value="<seed>")


def only_seeds_differ(path: str, old: str, new: str) -> bool:
    """True when two versions of a program differ in nothing but random seeds, comments and layout."""
    if not _MENTIONED.search(old + new if path.endswith(_PYTHON) else changed_lines(old, new)):
        return False
    one, other = _seedless(path, old), _seedless(path, new)
    return one is not None and one == other


def is_seed(name: str) -> bool:
    """True for the name of one seed: `SEED`, `rngSeed`, `random_state`, `seed_1`; not `seedling`, `n_seeds`."""
    words = _words(name)
    if _COUNTED & set(words):
        return False
    while len(words) > 1 and words[-1] in _BEHIND:
        words.pop()
    return words[-1:] in (["seed"], ["randseed"], ["randomseed"]) or words[-2:] == ["random", "state"]


def _takes_seed(name: str) -> bool:
    """True for a function whose first argument is a seed: `manual_seed`, `seed_everything`, `default_rng`."""
    words = {*_words(name)}
    return name in _GENERATORS or name == "randomseed" or ("seed" in words and words <= _SEEDING)


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name[-80:])]


@lru_cache(maxsize=8)  # the incumbent comes with every proposal
def _seedless(path: str, text: str) -> str | None:
    """A normal form without seeds and comments; None where a seed cannot be told from other text."""
    if not path.endswith(_PYTHON):
        code = uncommented(path, text)
        return None if code is None else _GIVEN.sub(_zeroed, code)
    tree = parsed(text)
    try:
        return None if tree is None else ast.dump(_Seedless(tree).tree())
    except (RecursionError, MemoryError, ValueError):
        return None


class _Seedless(ast.NodeTransformer):
    """Blanks the seeds of a syntax tree; `random.seed(1)` and its like are taken out of it."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._own = {each.name: each.args for each in tree.body if isinstance(each, ast.FunctionDef)}
        """Functions of the program's own: what they do with a number, the names of their parameters say."""
        imports = [each for each in tree.body if isinstance(each, ast.ImportFrom) and each.module == "random"]
        self._from_random = {each.name for found in imports for each in found.names}
        self._gone: set[str] = set()
        """Names within what was taken out."""

    def tree(self) -> ast.Module:
        """The tree without seeds, and without imports that nothing but its seeding needed."""
        self.generic_visit(self._tree)
        if self._gone:
            nodes = (each for each in ast.walk(self._tree) if isinstance(each, ast.Name))
            self._gone -= {each.id for each in nodes if isinstance(each.ctx, ast.Load)}
            self._tree.body = [each for each in self._tree.body if not self._is_idle(each)]
        return self._tree

    def _is_idle(self, node: ast.stmt) -> bool:
        """True for an import, and for a seed, that only what was taken out had used."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [each for each in node.names if (each.asname or each.name).partition(".")[0] not in self._gone]
            return not node.names
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is _BLANK:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return all(isinstance(each, ast.Name) and each.id in self._gone for each in targets)
        return False

    def _forget(self, node: ast.AST) -> None:
        self._gone |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        match node.value:
            case ast.Call(func=func, args=args, keywords=keywords) if _takes_seed(name := _name(func)):
                own = isinstance(func, ast.Name) and name in self._own
                given = [*args, *(each.value for each in keywords)]
                if not own and all(isinstance(each, ast.Constant) or _are_numbers(each) for each in given):
                    self._forget(node)
                    return None
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = _name(node.func)
        texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        option = name in _OPTIONS and any(map(is_seed, texts))
        if isinstance(node.func, ast.Name) and name in self._own:
            names = [each.arg for each in (*self._own[name].posonlyargs, *self._own[name].args)]
            for at, (to, value) in enumerate(zip(names, node.args, strict=False)):
                node.args[at] = _blank(value) if is_seed(to) else value
        elif name == "Random" and isinstance(node.func, ast.Name) and name not in self._from_random:
            pass  # a class of the program's own, or of somebody else's
        elif node.args and (_takes_seed(name) or _is_random_key(node.func)):
            first, *others = node.args
            if _are_numbers(first):
                self._forget(first)
                node.args = [_BLANK, *others] if others else []  # without any seed a generator finds one itself
        elif option:  # add_argument("--seed", default=1), environ.get("SEED", "1")
            node.args = [_blank(each) for each in node.args]
        node.keywords = [each for each in node.keywords if not (is_seed(each.arg or "") and _is_number(each.value))]
        for keyword in node.keywords:
            keyword.value = _assigned(keyword.arg or "", keyword.value)
            if option and keyword.arg == "default":
                keyword.value = _blank(keyword.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                if len(targets) == len(values) and not any(isinstance(each, ast.Starred) for each in targets):
                    values[:] = [_assigned(_name(to), value) for to, value in zip(targets, values, strict=True)]
            case ast.Assign(targets=targets) if len(targets) == 1 or all(is_seed(_name(each)) for each in targets):
                node.value = _assigned(_name(targets[0]), node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Sub):  # other sums make a generator of it
            node.value = _assigned(_name(node.target), node.value)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        self.generic_visit(node)
        node.value = _assigned(node.target.id, node.value)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        node.iter = _each(node.iter) if is_seed(_name(node.target)) else node.iter
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.iter = _each(node.iter) if is_seed(_name(node.target)) else node.iter
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        node.value = node.value and _assigned(_name(node.target), node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        node.values = [
            _assigned(str(key.value), value) if isinstance(key, ast.Constant) else value
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return node

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        self.generic_visit(node)
        names = [each.arg for each in (*node.posonlyargs, *node.args)][
            len(node.posonlyargs + node.args) - len(node.defaults) :
        ]
        node.defaults = [
            _blank(value) if is_seed(to) else value for to, value in zip(names, node.defaults, strict=True)
        ]
        node.kw_defaults = [
            _blank(value) if value and is_seed(to.arg) else value
            for to, value in zip(node.kwonlyargs, node.kw_defaults, strict=True)
        ]
        return node


def _assigned(name: str, value: ast.expr) -> ast.expr:
    """What a name is given, blank where that is a seed; of several seeds only how many they are counts."""
    if is_seed(name):
        if isinstance(value, ast.Call) and _name(value.func) in _WRAPPERS:
            value.args = [_blank(each) for each in value.args]
            for keyword in value.keywords:
                keyword.value = _blank(keyword.value) if keyword.arg == "default" else keyword.value
        return _blank(value)
    return _each(value) if name[-1:] in ("s", "S") and is_seed(name[:-1]) else value


def _each(value: ast.expr) -> ast.expr:
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        value.elts = [_blank(each) for each in value.elts]
    return value


def _is_random_key(function: ast.expr) -> bool:
    """`jax.random.key`, whose name alone says nothing."""
    match function:
        case ast.Attribute(attr="key", value=owner):
            return _name(owner) in ("random", "jr", "jrandom")
    return False


def _blank(node: ast.expr) -> ast.expr:
    return _BLANK if _is_number(node) else node


def _are_numbers(node: ast.expr) -> bool:
    """True for what a generator takes: a number, or a list of them."""
    return all(map(_is_number, node.elts)) if isinstance(node, ast.List | ast.Tuple) else _is_number(node)


def _is_number(node: ast.expr) -> bool:
    """True for a whole number, in digits or within quotes, for None, for another seed, and for sums of them."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return is_seed(name)
        case ast.Constant(value=value):
            return type(value) in (int, type(None)) or (isinstance(value, str) and value.isdecimal())
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert(), operand=operand):
            return _is_number(operand)
        case ast.BinOp(left=ast.Constant(value=int()), right=ast.Constant(value=int())):
            return True
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            return _is_number(left) and _is_number(right)
    return False


def _name(target: ast.expr) -> str:
    """What is called or assigned to: `seed` of `seed`, `self.seed` and `config["seed"]`."""
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


_GIVEN = re.compile(
    r"(?<!\w)([A-Za-z_]\w*+)[\"'\]!]*+"  # possessive, or a long word takes minutes
    r"(?::?[ \t]++([A-Za-z_]\w*+))?"  # a type behind the name, or a name behind its type
    r"(?:[ \t]*+(?:=>|:=|<-|[:=({])[ \t]*+|[ \t]++)"
    r"([-+]?\d[\w']*+|null)(?![\w.]|[ \t]*+(?:[*%^&|+/<>]|-(?!-)))"
)
"""A number that a name is given: `"seed": 1`, `let seed: u64 = 1;`, `srand(1)`, `mt19937 rng{1}`, `--seed 1`."""


def _zeroed(found: re.Match[str]) -> str:
    called = "(" in found[0]
    seed = any(_takes_seed(name) or (is_seed(name) and not called) for name in found.groups()[:2] if name)
    return f"{found[0][: found.start(3) - found.start()]}0" if seed else found[0]
