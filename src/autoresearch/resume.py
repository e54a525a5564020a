"""Whether a tag can be begun or resumed: everything that is refused before a session changes anything."""

from __future__ import annotations

from dataclasses import replace

from autoresearch.decide.history import History
from autoresearch.decide.recover import fold
from autoresearch.edge import tree
from autoresearch.edge.folder import SessionFolder
from autoresearch.edge.journal import read
from autoresearch.edge.repo import Repository
from autoresearch.errors import RepositoryError, SettingsError
from autoresearch.project import Project, find_fixed, find_targets
from autoresearch.records import Began, Opened
from autoresearch.secrets import redactor


def history_of(folder: SessionFolder) -> History:
    """What a session's journal tells; nothing where there is none."""
    return fold(read(folder.journal)) if folder.journal.exists() else History()


def is_begun(project: Project, tag: str) -> bool:
    """True where a session `tag` has its baseline, so that there is something to go on with."""
    return history_of(SessionFolder(project.repository.common_dir, tag)).begun


def refuse_other(project: Project, tag: str) -> None:
    """Before anything is changed: raise when `tag` cannot be begun, nor resumed with these settings."""
    repository, folder = project.repository, SessionFolder(project.repository.common_dir, tag)
    history = history_of(folder)
    if project.settings.in_place:
        _refuse_branch_of_another(repository, folder)
        refuse_changes(project, folder, history)
    if history.begun:
        _refuse_changed_settings(project, history)
        _refuse_moved_branch(repository, folder, history)
        return
    for name in ("refs/heads/autoresearch", folder.branch, *repository.refs(folder.ref(""))):
        if repository.ref(name) is not None:
            short = name.removeprefix("refs/heads/")
            what = "branch" if short != name else "ref"
            way = "Delete it, or choose another --tag"
            if short == "autoresearch":
                way = "Rename it: beside it git can have no branch autoresearch/TAG"
            raise RepositoryError(f"{what} {short} exists and is not a session of this repository's. {way}.")


def _refuse_branch_of_another(repository: Repository, folder: SessionFolder) -> None:
    """A killed in-place session leaves the user on its branch, which is no place to begin another one."""
    here = repository.branch() or ""
    if here.startswith("refs/heads/autoresearch/") and here != folder.branch:
        short = here.removeprefix("refs/heads/")
        tag = short.removeprefix("autoresearch/")
        raise RepositoryError(
            f"{short} is checked out, the branch of another session. Finish it with `autoresearch run --tag {tag} "
            "--in-place`, or check out your own branch, then run the same command again."
        )


def as_begun(opened: Opened, began: Began | None = None) -> dict[str, object]:
    """The settings of a session, as flags: whoever comes back to it need not repeat them."""
    known: dict[str, object] = {}
    if began:
        known = {"timeout": began.timeout_s, "link": began.link, "network": began.network, "cache": began.cache}
        known["env"] = began.env
    return {
        **{name: value for name, value in known.items() if value is not None},
        "target": opened.targets,
        "bench": opened.bench,
        "metric": {"name": opened.metric, "pattern": opened.pattern, "take": opened.take},
        "require": opened.require,
        "direction": opened.direction,
        "columns": opened.columns,
        "in_place": opened.in_place,
    }


def at_base(project: Project, tag: str) -> Project:
    """The project as the session's base has it: on a resume HEAD may have moved on, and the session has not."""
    history = history_of(SessionFolder(project.repository.common_dir, tag))
    if not history.begun or history.opened is None:
        return project
    base, repository = history.opened.base, project.repository
    targets = find_targets(repository, base, history.opened.targets)
    fixed = find_fixed(repository, base, project.settings, targets)
    return replace(project, base=base, targets=targets, fixed=fixed)


def refuse_changes(project: Project, folder: SessionFolder, history: History) -> list[str]:
    """In place nothing of the user's may lie in the way. Returns what a killed life of the session left there."""
    repository = project.repository
    ours: list[tuple[str, bytes | None]] = [(path, tree.spoilt(path)) for path in project.targets]
    pending = history.pending
    if pending and pending.proposal and pending.proposal.files:  # the baseline has none
        for repair in range(pending.proposal.repair + 1):
            ours += [(path, text.encode()) for path, text in folder.load_candidate(pending.n, repair).items()]
    for commit in {e.commit for e in (history.incumbent, history.baseline) if e and e.commit}:
        files = find_targets(repository, commit, list(project.targets))
        ours += [(path, file.data) for path, file in files.items()]
    left = {repository.full(path) for path, data in ours if history.opened and repository.holds(path, data)}
    changed = repository.changed()
    if theirs := [path for path in changed if path not in left]:
        raise RepositoryError(
            f"{', '.join(theirs[:5])} has changes that autoresearch did not make. "
            "Commit or stash them, then run the same command again."
        )
    return changed


def _said(value: object) -> str:
    """A setting's value as program.md would have it."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _refuse_changed_settings(project: Project, history: History) -> None:
    opened, settings = history.opened, project.settings
    assert opened is not None
    now: dict[str, object] = {
        "metric": settings.metric.name,
        "metric pattern": settings.metric.pattern,
        "metric take": settings.metric.take,
        "require": ", ".join(settings.require),
        "direction": settings.direction.value,
        "target": ", ".join(project.targets),
        "bench": settings.bench,
        "columns": ", ".join(settings.columns),
        "project": project.repository.prefix,
        "in_place": settings.in_place,
        "decide": settings.decide,
        "alpha": settings.alpha,
        "max_losses": settings.max_losses,
        "min_gain": settings.min_gain,
        "simplify": settings.simplify,
        "guards": ", ".join(guard.text() for guard in settings.guards),
        "bounds": settings.bounds.text(),
    }
    then: dict[str, object] = {
        "metric": opened.metric,
        "metric pattern": opened.pattern,
        "metric take": opened.take,
        "require": ", ".join(opened.require),
        "direction": opened.direction.value,
        "target": ", ".join(opened.targets),
        "bench": opened.bench,
        "columns": ", ".join(opened.columns),
        "project": opened.project,
        "in_place": opened.in_place,
        "decide": opened.decide,
        "alpha": opened.alpha,
        "max_losses": opened.max_losses,
        "min_gain": opened.min_gain,
        "simplify": opened.simplify,
        "guards": opened.guards,
        "bounds": opened.bounds,
    }
    for name, value in now.items():
        if redactor().values(value) != then[name]:  # the journal holds no secret
            raise SettingsError(
                f"session {opened.tag} was begun with {name} {_said(then[name])}, now it is {_said(value)}: that would "
                "be another session. Set it back, or begin a new --tag."
            )


def _refuse_moved_branch(repository: Repository, folder: SessionFolder, history: History) -> None:
    """Raises RepositoryError when somebody else moved or deleted the session's branch."""
    if not history.experiments:
        return
    keeps = {e.commit for e in (*history.experiments, history.pending) if e and e.kept}
    incumbent = history.incumbent
    assert incumbent is not None
    assert incumbent.commit is not None
    tip, short = repository.ref(folder.branch), incumbent.commit[:10]
    if tip is None:
        raise RepositoryError(
            f"branch {folder.branch_name} is gone. Bring it back with "
            f"`git branch {folder.branch_name} {short}`, or begin a new --tag."
        )
    if tip not in keeps:
        raise RepositoryError(
            f"branch {folder.branch_name} has commits that autoresearch did not make. Put it back with "
            f"`git branch -f {folder.branch_name} {short}` (keep yours under another name first), or begin a new --tag."
        )


def gates_changed(project: Project, opened: Opened) -> list[str]:
    """Gates that are not those that the session began with, in words; they are tried before they decide anything."""
    now, then = project.settings, opened
    pairs = (("check", now.check, then.check), ("confirm", now.confirm, then.confirm))
    changed = [(name, new, old) for name, new, old in pairs if redactor().values(new) != old]
    return [f"{name} is now {new or 'none'}, it was {old or 'none'}" for name, new, old in changed]


def what_changed(project: Project, opened: Opened) -> str | None:
    """That HEAD has other fixed files by now, in words: a session goes on with what it began with. Or None."""
    mine = {*opened.targets, project.program.path.name}
    changed = [path for path in project.repository.differing(opened.base, "HEAD") if path not in mine]
    if not changed:
        return None
    return (
        f"{', '.join(changed[:5])} changed since the session began at {opened.base[:7]}; it goes on with what was "
        "there then. Begin a new --tag to use the change"
    )
