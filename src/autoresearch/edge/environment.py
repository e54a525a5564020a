"""What of our environment a bench, a check or a confirm is given: names that are known to matter, and no secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from autoresearch.secrets import SECRET_NAME

HANDED_ON = frozenset(
    """
    PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM COLUMNS LINES NO_COLOR FORCE_COLOR CI
    VIRTUAL_ENV HF_HOME TOKENIZERS_PARALLELISM
    CC CXX FC LD AR CFLAGS CXXFLAGS CPPFLAGS FFLAGS LDFLAGS MAKEFLAGS CPATH LIBRARY_PATH LD_LIBRARY_PATH LD_PRELOAD
    DYLD_LIBRARY_PATH SDKROOT MACOSX_DEPLOYMENT_TARGET
    JAVA_HOME GOPATH GOROOT GOFLAGS GOMAXPROCS RUSTFLAGS DOTNET_ROOT R_HOME R_LIBS
    SSL_CERT_FILE SSL_CERT_DIR NIX_PATH NIX_LD NIX_SSL_CERT_FILE XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME
    """.split()
)
FAMILIES = tuple(
    """
    LC_ PYTHON UV_ CONDA_ MAMBA_ PYENV_ POETRY_ PDM_ PIP_ NODE_ NVM_ NPM_CONFIG_ CARGO_ RUSTUP_ RUST_ CMAKE_ PKG_CONFIG_
    CUDA_ NVIDIA_ CUDNN_ CUBLAS_ NCCL_ ROCR_ ROCM_ HIP_ HSA_ GPU_ ONEAPI_ SYCL_ ZE_
    OMP_ GOMP_ KMP_ MKL_ OPENBLAS_ BLIS_ NUMEXPR_ VECLIB_ NUMBA_ MALLOC_ JULIA_
    TORCH PYTORCH_ TRITON_ XLA_ JAX_ TF_ KERAS_ HF_DATASETS_ HF_HUB_ TRANSFORMERS_ MLX_ ACCELERATE_
    """.split()
)
"""Names that begin so are handed on as well."""
IMPORTABLE = Path(__file__).parents[1] / "importable"
"""On PYTHONPATH it makes `autoresearch.bench` importable for a Python that has not installed autoresearch."""
COMPILED = ("CUDA_CACHE_PATH", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "NUMBA_CACHE_DIR")
"""Where tools keep what they compile; shared between candidates that would be a channel from one to the next."""
AT_HOME = ("UV_CACHE_DIR", "GOCACHE", "CCACHE_DIR", "ZIG_GLOBAL_CACHE_DIR")
"""Caches without which their tools do not even start."""

_PASSWORD_IN_URL = re.compile(r"://[^/\s]*@")


def environment(base: Mapping[str, str], also: Sequence[str] = ()) -> dict[str, str]:
    """What runs are given; `also` are names that the user asks for, whatever they are called."""
    kept = {name: value for name, value in base.items() if name in also or _is_handed_on(name, value)}
    path = os.pathsep.join([*filter(None, [kept.get("PYTHONPATH")]), str(IMPORTABLE)])
    return {**kept, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def withheld(base: Mapping[str, str], also: Sequence[str], text: str) -> list[str]:
    """Variables that a text names and that are not handed on: what a bench may be missing."""
    words = set(re.findall(r"[A-Z][A-Z0-9_]{2,}", text)) - {"PWD", "OLDPWD", "SHLVL"}  # the shell's own
    return sorted(words & (base.keys() - environment(base, also).keys()))


def private(folder: Path) -> dict[str, str]:
    """Variables that send temporary files and compilers' caches into a folder that is gone after the run."""
    return {"TMPDIR": str(folder), **_within(folder, COMPILED)}


def in_read_only_home(folder: Path, network: bool) -> dict[str, str]:
    """Variables for tools that would write into the home, or ask the network, before they do anything else."""
    offline = {} if network else {"UV_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    return {**_within(folder, AT_HOME), "UV_NO_SYNC": "1", **offline}


def _within(folder: Path, names: Sequence[str]) -> dict[str, str]:
    return {name: str(folder / name.lower()) for name in names}


def _is_handed_on(name: str, value: str) -> bool:
    if SECRET_NAME.search(name) or _PASSWORD_IN_URL.search(value):
        return False
    return name in HANDED_ON or name.startswith(FAMILIES)
