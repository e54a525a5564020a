"""What a session works with, made from its project: sandbox, tree, runner, proposer."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

from autoresearch.decide import agent, plan, prompt
from autoresearch.decide import form as forms
from autoresearch.decide.budget import too_dear
from autoresearch.decide.history import History
from autoresearch.edge import links, sandbox, tree
from autoresearch.edge.environment import environment
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.sandbox import Sandbox
from autoresearch.edge.scratch import Scratch
from autoresearch.errors import SettingsError
from autoresearch.gates import Gates
from autoresearch.model import Request
from autoresearch.project import Project, find_protected
from autoresearch.propose import Proposer
from autoresearch.propose.choose import make, pick
from autoresearch.propose.command import Edited
from autoresearch.propose.roster import Roster
from autoresearch.runner import Runner


def make_tree(project: Project, where: Path, box: Sandbox) -> tree.Tree:
    """Where runs happen: a tree of the session's own at the base, or in place the user's checkout as it is."""
    repository, guarded = project.repository, rules(project)
    if project.settings.in_place:
        return tree.InPlaceTree(repository, project.base, guarded)
    return tree.linked(repository, where, project.base, project.links, guarded, shows=box.kind == "bubblewrap")


def make_sandbox(project: Project, folder: Path) -> Sandbox:
    """What runs are shut in, tried here and now. `folder` exists, and stands for the tree that is yet to be made."""
    repository, settings = project.repository, project.settings
    place = sandbox.Place(
        tree=repository.root if settings.in_place else folder,
        shown=repository.root,
        project=Path(),
        hidden=[repository.common_dir],
    )
    return sandbox.choose(
        settings.sandbox,
        place,
        network=settings.network,
        processes=settings.limits.processes,
        folder=folder,
    )


def rules(project: Project) -> tree.Rules:
    """What runs may do to the project's tree."""
    repository, settings = project.repository, project.settings
    targets = list(map(repository.full, project.targets))
    tracked = [path for path in repository.files(project.base) if path not in targets]
    named = {*project.fixed, *find_protected(repository, settings.protect, project.targets)}
    first = set(map(repository.full, named))
    folders = [repository.full(path.rstrip("/")) for path in settings.protect]
    whole = [path for path in folders if (repository.root / path).is_dir() and not _holds(path, targets)]
    if settings.in_place:
        whole += links.chosen(repository, settings.link, project.cached)
    git_file = [] if settings.in_place else [tree.GIT]
    loose = [path for path in tracked if not any(_holds(folder, [path]) for folder in whole)]
    shallow = sorted(loose, key=lambda path: (path not in first, path.count("/"), path))
    return tree.Rules(
        protected=frozenset(tracked),
        fixed=tuple(dict.fromkeys((*git_file, *targets, *whole, *shallow)))[: sandbox.FIXED_MOST],
        cache=tuple(project.cached),
        own=(project.html,) if project.html else (),
    )


def _holds(folder: str, paths: Sequence[str]) -> bool:
    return any(PurePosixPath(path).is_relative_to(folder) for path in paths)


def make_runner(project: Project, where: tree.Tree, box: Sandbox, run_log: Path | None) -> Runner:
    """How the project's bench is run in a tree."""
    settings = project.settings
    return Runner(
        command=settings.bench,
        metric=settings.measured,
        columns=settings.read,
        timeout_s=settings.timeout,
        tree=where,
        run_log=run_log,
        environment=environment(os.environ, settings.env),
        sandbox=box,
        limits=settings.limits,
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
                yield make_tree(project, folder.held_out_tree, runner.sandbox), log
        finally:
            folder.drop_held_out(project.repository)

    return Gates(
        check=replace(quiet, command=settings.check, timeout_s=settings.check_timeout) if settings.check else None,
        confirm=replace(quiet, command=settings.confirm, timeout_s=settings.confirm_timeout)
        if settings.confirm
        else None,
        hidden=hidden,
    )


def first_request(project: Project, proposer: Proposer) -> Request:
    """What the first experiment would ask of a proposer, for estimates and `--dry-run`."""
    texts = {path: file.data.decode() for path, file in project.targets.items()}
    history = History()
    hint = plan.plan(history, (), project.settings.patience, tunable=lambda: False).hint
    material = prompt.Material(project.program.prose, texts, project.fixed, "", hint)
    form = forms.choose(texts, project.settings.max_tokens, wanted=proposer.wants)
    asking = replace(prompt.build(project.settings, history, (), material), system=prompt.system(texts, form))
    return Request(n=2, prompt=asking, files=texts, metric=project.settings.measured, baseline=None)


def make_roster(project: Project, tag: str, tick: Callable[[], None]) -> Roster:
    """The proposers that the settings ask for; a command gets a scratch checkout of its own.

    Raises SettingsError, also when the budget does not cover one reply, ProposerError.
    """
    folder = SessionFolder(project.repository.common_dir, tag)
    scratch = Scratch(
        repository=project.repository,
        folder=folder.scratch,
        place=folder.scratch_tree,
        base=project.base,
        modes={path: file.mode for path, file in project.targets.items()},
        environment=os.environ,
        timeout_s=project.settings.reply_timeout,
        tick=tick,
        guarded=project.settings.sandbox != "off",
    )

    def edit(command: str, prompt: str, files: Mapping[str, str], limit_s: float) -> Edited:
        left, others, output, failure = scratch.run(command, prompt, files, limit_s)
        texts = {path: agent.in_endings_of(files[path], text) for path, text in left.items()}
        edited = {path: text for path, text in texts.items() if text != files[path]}
        return Edited(edited, others, output, failure, agent.account(output, prompt, files, edited))

    texts = {path: file.data.decode() for path, file in project.targets.items()}
    elsewhere = make_elsewhere(project)
    names = pick(project.settings, os.environ)
    proposers = [make(name, project.settings, texts, edit, elsewhere) for name in names]
    for proposer in proposers:
        worst = proposer.worst_case(first_request(project, proposer))
        if reason := too_dear(project.settings.budget, History(), worst):
            raise SettingsError(f"budget does not do for {proposer.name}: {reason}.")
    return Roster(proposers, elsewhere, project.settings.outage)


def make_elsewhere(project: Project) -> Callable[[frozenset[str]], Mapping[str, Collection[str]]]:
    """Which words files of the repository that are no targets mention, and the project's own commands."""
    settings = project.settings
    commands = " ".join(filter(None, (settings.bench, settings.check, settings.confirm)))

    @cache
    def elsewhere(words: frozenset[str]) -> Mapping[str, Collection[str]]:
        found = project.repository.mentions(project.base, words, besides=list(project.targets))
        return {**found, "the commands": words & set(re.findall(r"\w+", commands))}

    return elsewhere
