"""`auricle token`: credentials that the local environment accepts."""

from __future__ import annotations

from typing import Annotated

import typer

EVERY_SCOPE = (
    "audio:read",
    "audio:write",
    "audio:download",
    "recordings:read",
    "recordings:write",
    "calls:read",
    "calls:write",
    "org:admin",
)


def token(
    org: Annotated[str, typer.Option(help="Tenant the token acts for.")],
    user: Annotated[str, typer.Option(help="Whose token it is.")] = "local-user",
    role: Annotated[list[str] | None, typer.Option(help="A role; may be given again. [default: founder]")] = None,
    scope: Annotated[str, typer.Option(help="Scopes, separated by spaces.")] = " ".join(EVERY_SCOPE),
    hours: Annotated[int, typer.Option(help="How long it holds.", min=1, max=24 * 365)] = 24,
) -> None:
    """Print a JWT that the local environment accepts."""
    typer.echo(local_token(org, user=user, roles=tuple(role or ("founder",)), scopes=tuple(scope.split()), hours=hours))


def local_token(
    org: str,
    *,
    user: str = "local-user",
    roles: tuple[str, ...] = ("founder",),
    scopes: tuple[str, ...] = EVERY_SCOPE,
    hours: int = 24,
) -> str:
    """A token signed with the key of this AURICLE_HOME."""
    from infra.local import keys
    from infra.local.home import Home, default_home

    key = keys.load_or_create(Home(default_home()).keys)
    return keys.issue_token(key, org=org, user=user, roles=roles, scopes=scopes, ttl_s=hours * 3600)
