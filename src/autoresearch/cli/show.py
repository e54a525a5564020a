"""`autoresearch show N`: one experiment whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from autoresearch.errors import RepositoryError, SettingsError

if TYPE_CHECKING:
    from autoresearch.decide.history import History
    from autoresearch.decide.story import Attempt
    from autoresearch.report.dossier import Dossier

SCHEMA = 1
"""Of `--json`. Raised when a field changes its meaning or goes; new fields come without."""
LAST = "last"
LINES = 20
"""Lines of the log that are shown."""


def show(
    n: Annotated[str, typer.Argument(metavar="N", help="Number of the experiment, 1 being the baseline; or `last`.")],
    tag: Annotated[
        str | None, typer.Argument(metavar="TAG", help="The session; the default is the newest of this repository.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Show one experiment whole: verdict, idea against outcome, runs, change, log."""
    from autoresearch.edge import whereabouts

    dossier = _gather(whereabouts.session(tag), n)
    if as_json:
        print(json.dumps(_facts(dossier), indent=2, allow_nan=False))
        return
    from autoresearch.cli.paper import paper
    from autoresearch.report.dossier import show as print_it

    print_it(dossier, paper())


def _gather(session: Any, asked: str) -> Dossier:
    """All that there is. Raises SettingsError where there is no such experiment."""
    from autoresearch.cli.answer import what_it_does
    from autoresearch.condition import look
    from autoresearch.decide.outcome import Past
    from autoresearch.decide.recover import fold
    from autoresearch.decide.story import tell
    from autoresearch.edge import bench, journal
    from autoresearch.model import Metric
    from autoresearch.report.dossier import Dossier

    records = journal.read(session.journal)
    history = fold(records)
    n = history.current.n - (history.pending is None) if asked == LAST else int(asked) if asked.isdecimal() else 0
    story, opened = tell(records, n) if n > 0 else None, history.opened
    if story is None or opened is None:
        raise SettingsError(f"session {session.tag} has no experiment {asked}. {_there_are(history)}")
    past = Past(Metric(opened.metric, opened.direction)).follow(history.experiments)
    doing = "" if story.verdict else what_it_does(look(session))
    log = story.final.last_log
    return Dossier(
        tag=opened.tag,
        metric=opened.metric,
        direction=opened.direction,
        base=opened.base,
        folder=session.folder,
        story=story,
        outcome=next((each for each in past if each.experiment.n == n), None),
        doing=doing,
        diff="" if story.is_baseline else _diff(story.final.commit),
        log=bench.tail(session.folder / log, LINES) if log else "",
    )


def _there_are(history: History) -> str:
    done, pending = len(history.experiments), history.pending
    going_on = f"{pending.n} is in progress" if pending else ""
    if not done:
        return f"None is over; {going_on}." if going_on else "It has none yet."
    return f"There are 1 to {done}" + (f", and {going_on}." if going_on else ".")


def _diff(commit: str | None) -> str:
    """What a commit changed; a sentence where it is gone."""
    from autoresearch.edge.repo import Repository

    if commit is None:
        return ""
    repository = Repository.open(Path.cwd())
    try:
        return repository.diff(commit)
    except RepositoryError:
        return "(its commit is gone)"
    finally:
        repository.close()


def _facts(dossier: Dossier) -> dict[str, Any]:
    """For programs; docs/reference.md tells the fields."""
    story, outcome = dossier.story, dossier.outcome
    verdict, proposed = story.verdict, story.final.proposed
    return {
        "schema": SCHEMA,
        "tag": dossier.tag,
        "n": story.n,
        "status": verdict and verdict.status,
        "reason": verdict and verdict.reason,
        "cause": verdict and verdict.cause,
        "value": verdict and verdict.value,
        "metric": {"name": dossier.metric, "direction": dossier.direction},
        "over": outcome and outcome.over,
        "change": outcome and outcome.gain,
        "came_true": outcome and outcome.expected is not None and outcome.came_true,
        "doing": dossier.doing or None,
        "baseline": story.is_baseline,
        "sentinel": story.is_sentinel,
        "would_keep": verdict and verdict.would_keep,
        "began": story.began,
        "at": story.at,
        "by": story.by,
        "planned": story.planned
        and {"rung": story.planned.rung, "idea": story.planned.idea, "start": story.planned.start},
        "description": proposed and proposed.description,
        "hypothesis": proposed and proposed.hypothesis,
        "category": proposed and proposed.category,
        "expected": proposed and proposed.expected,
        "replies": [
            reply.model_dump(include={"model", "input_tokens", "cached_tokens", "output_tokens", "cost_usd"})
            for reply in story.replies
        ],
        "attempts": [_attempt(attempt) for attempt in story.attempts],
        "commit": story.final.commit,
        "ref": dossier.ref or None,
        "diff": dossier.diff.encode(errors="replace").decode(),
        "log": dossier.log_file and {"path": str(dossier.log_file), "tail": dossier.log},
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    checked = attempt.checked
    return {
        "refused": [{"reason": refused.reason, "said": refused.said} for refused in attempt.refused],
        "repair": attempt.proposed and attempt.proposed.repair,
        "commit": attempt.commit,
        "failure": attempt.failure,
        "runs": [
            run.model_dump(
                include={"run", "arm", "value", "failure", "columns", "duration_s", "seed", "draw", "log", "tampered"}
            )
            for run in attempt.runs
        ],
        "interrupted": attempt.interrupted,
        "check": checked and {"failure": checked.failure, "duration_s": checked.duration_s, "log": checked.log},
        "confirm": [pair.won for pair in attempt.confirmed],
    }
