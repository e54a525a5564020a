"""A real session on examples/game_of_life: the replies in this folder, sent by a scripted model server.

    python benchmarks/game_of_life/session.py

Bench, git, SDK, HTTP and verdicts are real; only the model's words are written down beforehand.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from model_server import ModelServer
from user import User


def main() -> None:
    replies = [path.read_text() for path in sorted(HERE.glob("[0-9]*.md"))]
    with tempfile.TemporaryDirectory() as scratch, ModelServer(replies) as server:
        user = User(Path(scratch) / "game_of_life")
        shutil.copytree(ROOT / "examples" / "game_of_life", user.home)
        user.git("init", "--quiet", "-b", "main")
        user.git("add", "-A")
        user.git("commit", "--quiet", "-m", "start")
        done = user.types(
            *("run", "--tag=life", "--model=openai/gpt-6-luna", "--repairs=0"),
            "--budget=experiments=11",
            timeout_s=600,
            env={"OPENAI_API_KEY": "scripted", "OPENAI_BASE_URL": server.openai_url},
        )
        print(done.stdout, done.stderr, sep="", end="")
        if done.returncode == 0:
            print(user.types("report", "life").stdout, (user.home / "LEARNINGS.md").read_text(), sep="\n")
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
