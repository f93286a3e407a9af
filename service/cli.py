"""The command line: one file per command, and one place where an error becomes a message and an exit code."""

from __future__ import annotations

import os
import sys

import typer
from typer.exceptions import TyperException

from partnersync.errors import ConfigError, PartnersyncError, UnsafePlanError
from service.commands import (
    apply,
    check,
    db,
    demo,
    erase,
    explain,
    halt,
    hold,
    init,
    plan,
    pull,
    resume,
    rollback,
    run,
    sandbox,
    schema,
    serve,
    setup,
    statement,
    status,
    test,
)

app = typer.Typer(
    name="partnersync",
    help="Keeps a CRM true about partners.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    demo,
    init,
    check,
    schema,
    setup,
    pull,
    plan,
    apply,
    run,
    serve,
    halt,
    resume,
    rollback,
    status,
    explain,
    statement,
    test,
    sandbox,
    erase,
):
    app.command(command.__name__.rpartition(".")[2])(command.command)
app.add_typer(hold.app, name="hold")
app.add_typer(db.app, name="db")


def main() -> None:
    """Run the command line; never shows a traceback for a person's mistake."""
    try:
        code = app(standalone_mode=False)
    except PartnersyncError as error:
        _say(error)
        code = error.exit_code
    except typer.Abort:
        code = 130
    except TyperException as error:
        show = getattr(error, "show", None)
        if show is not None:
            show()
        else:
            typer.echo(f"Error: {error.format_message()}", err=True)
        code = error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (
        Exception
    ) as error:  # the last resort: what nobody foresaw is told in one line, and whole only when asked for
        if os.environ.get("PARTNERSYNC_DEBUG"):
            raise
        typer.echo(
            f"partnersync: an unexpected error, {type(error).__name__}; set PARTNERSYNC_DEBUG=1 to see where", err=True
        )
        code = 1
    except KeyboardInterrupt:
        code = 130
    sys.exit(code or 0)


def _say(error: PartnersyncError) -> None:
    match error:
        case ConfigError(problems=problems):
            typer.echo(str(error), err=True)
            if len(problems) > 1:
                typer.echo(f"{len(problems)} mistakes in the config.", err=True)
        case UnsafePlanError(reasons=reasons):
            typer.echo("The plan waits for a person; nothing was written:", err=True)
            for reason in reasons:
                typer.echo(f"  - {reason}", err=True)
        case _:
            typer.echo(f"partnersync: {error}", err=True)
