"""Coding agents by name: the command that runs each without a person, and how to install it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Agent:
    """What a `model` setting such as `claude` stands for."""

    command: str
    """Begins with assignments to its environment and its program; `"$@"` are the targets."""
    install: str


AGENTS = {
    # -p: no dialogue, the prompt from stdin, the last message on stdout; acceptEdits: edits without asking; --tools:
    # these and no shell; --strict-mcp-config and disableAllHooks: no other programs either; no session is saved, and
    # the variables switch off updates, telemetry and reports.
    "claude": Agent(
        "DISABLE_AUTOUPDATER=1 CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 claude -p --output-format text "
        "--permission-mode acceptEdits --tools Read,Edit,Write,Glob,Grep --strict-mcp-config "
        """--settings '{"disableAllHooks": true}' --no-session-persistence""",
        "npm install -g @anthropic-ai/claude-code",
    ),
    # exec -: no dialogue, the prompt from stdin; workspace-write: it may write here and run commands without network,
    # which it needs for reading files; --ephemeral: no session is saved; a worktree's git folder counts as none.
    "codex": Agent(
        "codex exec --sandbox workspace-write --skip-git-repo-check --ephemeral --color never "
        "-c check_for_update_on_startup=false -c analytics.enabled=false -",
        "npm install -g @openai/codex",
    ),
    # The prompt from stdin, which is no terminal and so no dialogue; auto_edit: edits without asking, and no shell,
    # since nobody can be asked; --skip-trust: else a folder that is new to it gets no edits; no extensions.
    "gemini": Agent(
        "gemini --approval-mode auto_edit --skip-trust --extensions none --output-format text",
        "npm install -g @google/gemini-cli",
    ),
    # --yes-always never says yes to shell commands; --no-git: no commits, no .gitignore; the rest keeps it from
    # fetching pages that the prompt names, linting, leaving histories, asking for updates and sending statistics.
    "aider": Agent(
        'aider --message-file "$AUTORESEARCH_PROMPT" --yes-always --no-git --no-suggest-shell-commands '
        "--no-detect-urls --no-auto-lint --no-stream --no-pretty --no-check-update --no-show-release-notes "
        '--no-show-model-warnings --no-analytics --chat-history-file /dev/null --input-history-file /dev/null "$@"',
        "python -m pip install aider-chat",
    ),
}
"""Name → agent. Flags as of claude 2.1, codex 0.169, gemini 0.61 and aider 0.86."""

ABSENT = (
    "model: {name} runs the program {name}, which is not on the PATH. Install it (`{install}`) and log in by running "
    "it once, or choose another model."
)
