"""The Typer app: a command a module, of the same name, which is loaded when the command is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from autoresearch import __version__

COMMANDS = (
    "init",
    "check",
    "run",
    "tune",
    "status",
    "watch",
    "stop",
    "show",
    "log",
    "report",
    "verify",
    "audit",
    "ablate",
    "finalize",
    "demo",
)
HELP = {"help_option_names": ["-h", "--help"]}


class Commands(TyperGroup):
    """The commands by name. Settings alone take longer to load than `status` may take."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of a night."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """One command, loaded now."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in self.commands:
            alone = typer.Typer(add_completion=False, context_settings=HELP, pretty_exceptions_enable=False)
            alone.command(cmd_name)(getattr(import_module(f"autoresearch.cli.{cmd_name}"), cmd_name))
            self.commands[cmd_name] = typer.main.get_command(alone)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer has it, which looks for what a misspelt name may mean among the commands that are loaded."""
        if args and args[0] not in COMMANDS:
            for name in COMMANDS:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=Commands,
    name="autoresearch",
    help="Improve one file by experiment, overnight: an LLM proposes edits, the harness measures and decides.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass
