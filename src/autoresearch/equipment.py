"""What a session works with, made from its project: tree, runner, proposer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from autoresearch.decide import plan, prompt
from autoresearch.decide.recover import History
from autoresearch.edge import bench, tree
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.scratch import Scratch
from autoresearch.gates import Gates
from autoresearch.model import Request
from autoresearch.project import Project
from autoresearch.propose import Proposer
from autoresearch.propose.choose import make
from autoresearch.propose.command import Edited
from autoresearch.runner import Runner


def make_tree(project: Project, folder: SessionFolder) -> tree.Tree:
    """Where runs happen: a tree of the session's own at the base, or in place the user's checkout as it is."""
    if project.settings.in_place:
        return tree.InPlaceTree(project.repository)
    return tree.linked(project.repository, folder.tree, project.base, project.links)


def make_runner(project: Project, where: tree.Tree, run_log: Path | None) -> Runner:
    """How the project's bench is run in a tree."""
    settings = project.settings
    return Runner(
        command=settings.bench,
        metric=settings.measured,
        columns=settings.read,
        timeout_s=settings.timeout,
        tree=where,
        run_log=run_log,
        environment=bench.environment(os.environ),
    )


def make_gates(project: Project, folder: SessionFolder, runner: Runner) -> Gates:
    """How `check` and `confirm` are run; neither is shown in run.log."""
    settings = project.settings
    quiet = replace(runner, run_log=None, columns=())

    @contextmanager
    def hidden() -> Iterator[tuple[tree.Tree, Path]]:
        log = folder.held_out / "log"
        try:
            if settings.in_place:
                yield runner.tree, log
            else:
                yield tree.linked(project.repository, folder.held_out_tree, project.base, project.links), log
        finally:
            folder.drop_held_out(project.repository)

    return Gates(
        check=replace(quiet, command=settings.check, timeout_s=settings.check_timeout) if settings.check else None,
        confirm=replace(quiet, command=settings.confirm, timeout_s=settings.confirm_timeout)
        if settings.confirm
        else None,
        hidden=hidden,
    )


def first_request(project: Project) -> Request:
    """What the first experiment would ask, for estimates and `--dry-run`."""
    texts = {path: file.data.decode() for path, file in project.targets.items()}
    history = History()
    material = prompt.Material(project.program.prose, texts, project.fixed, "", plan.hint(history))
    asking = prompt.build(project.settings, history, material)
    return Request(n=2, prompt=asking, files=texts, metric=project.settings.measured, baseline=None)


def make_proposer(project: Project, tag: str, tick: Callable[[], None]) -> Proposer:
    """The proposer that the settings ask for; a command gets a scratch checkout of its own."""
    folder = SessionFolder(project.repository.common_dir, tag)
    scratch = Scratch(
        repository=project.repository,
        folder=folder.scratch,
        base=project.base,
        modes={path: file.mode for path, file in project.targets.items()},
        environment=os.environ,
        timeout_s=project.settings.reply_timeout,
        tick=tick,
    )

    def edit(command: str, prompt: str, files: Mapping[str, str]) -> Edited:
        return Edited(*scratch.run(command, prompt, files))

    texts = {path: file.data.decode() for path, file in project.targets.items()}
    return make(project.settings, os.environ, texts, edit)
