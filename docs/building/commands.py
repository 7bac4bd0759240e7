"""The page of commands, from what each says of itself."""

import re

from typer.main import get_command

from modelcollapse.cli import app

WIDTH = 100


def commands() -> str:
    """Every command with its help, as the terminal prints it."""
    group = get_command(app)
    with group.make_context("modelcollapse", [], resilient_parsing=True) as context:
        parts = [_shown("modelcollapse", group.get_help(context))]
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            with command.make_context(name, [], parent=context, resilient_parsing=True) as inner:
                parts.append(_shown(f"modelcollapse {name}", command.get_help(inner)))
    return "\n\n".join(parts)


def _shown(name: str, text: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return f"## {name}\n\n```text\n{plain.strip()}\n```"
