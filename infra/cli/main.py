"""`auricle`: all commands together, and how their errors are shown."""

from __future__ import annotations

import typer
from rich.text import Text

from infra.cli import credentials, deployment, evaluation, models, recordings, serving, state
from infra.cli.terminal import errors

app = typer.Typer(
    help="Recording intelligence, whole on a laptop.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# The order here is the order of `auricle --help`.
app.command()(serving.up)
app.command()(recordings.demo)
app.command()(recordings.submit)
app.command()(recordings.status)
app.command()(credentials.token)
deployment.register(app)
app.add_typer(evaluation.evaluate, name="evaluate")
app.add_typer(models.models, name="models")
app.add_typer(state.state, name="state")


def main() -> None:
    """Run the command. An error that the user can mend is one line on stderr and exit status 1."""
    try:
        app()
    except Exception as error:
        if not isinstance(error, _errors_for_users()):
            raise
        errors.print("[red]✘[/]", Text(str(error)), highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


def _errors_for_users() -> tuple[type[Exception], ...]:
    """The errors whose message says what to do; imported only when a command has failed."""
    from auricle.errors import AuricleError
    from infra.bundling import BundlingFailed
    from infra.cli.api_client import ApiError
    from infra.environments import SettingsRefused
    from infra.local.failures import LocalEnvironmentError
    from infra.synth import ChecksFailed

    return (LocalEnvironmentError, AuricleError, ApiError, BundlingFailed, ChecksFailed, SettingsRefused)


if __name__ == "__main__":
    main()
