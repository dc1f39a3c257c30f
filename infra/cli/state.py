"""`auricle state`: is what the local environment keeps whole, and how to go on when it is not."""

from __future__ import annotations

from typing import Annotated

import typer

from infra.cli.terminal import console
from infra.local.home import Home, default_home

state = typer.Typer(
    help="What the local environment keeps: verify it, or go on from what is left.", no_args_is_help=True
)


@state.command()
def check() -> None:
    """Verify saved state, journal and every stored object; exit 1 where something is damaged."""
    from infra.local import state_repair

    home = Home(default_home())
    with home.held(), console.status("Verifying …") as line:
        found = state_repair.examine(
            home, lambda done, of: line.update(f"Verifying object {done + 1} of {of} …") if done % 100 == 0 else None
        )
    for note in found.notes:
        console.print(f"[yellow]![/] {note} (nothing is lost by it)", highlight=False, soft_wrap=True)
    for damage in found.damages:
        console.print(f"[red]✘[/] {damage}", highlight=False, soft_wrap=True)
    if found.damages:
        raise typer.Exit(1)
    console.print(
        f"[green]✔[/] {home.root}: generation {found.generation}, {found.changes} changes in the journal, "
        f"{found.objects} stored objects, all whole",
        highlight=False,
        soft_wrap=True,
    )


@state.command()
def restore(
    accept_loss: Annotated[bool, typer.Option("--accept-loss", help="Go on although something is lost.")] = False,
) -> None:
    """Go on from what can be read of damaged state; what is damaged is kept beside it."""
    from infra.local import state_repair

    home = Home(default_home())
    with home.held():
        done = state_repair.restore(home, accept_loss=accept_loss)
    for lost in done.lost:
        console.print(f"[red]✘[/] {'Lost' if done.moved_to else 'To be lost'}: {lost}", highlight=False, soft_wrap=True)
    if done.moved_to is not None:
        console.print(
            f"[green]✔[/] What could be read is what the next start begins from. The damaged files are in "
            f"{done.moved_to}",
            highlight=False,
            soft_wrap=True,
        )
    elif done.lost:
        console.print("Nothing was changed. To go on all the same: auricle state restore --accept-loss", soft_wrap=True)
        raise typer.Exit(1)
    else:
        console.print("[green]✔[/] Nothing needs to be restored.")
