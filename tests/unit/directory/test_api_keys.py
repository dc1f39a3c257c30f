"""API keys: when they end, who made them, and what proves them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auricle.directory.api_keys import (
    API_KEYS,
    ApiKey,
    create_key,
    end_of_key,
    make_key,
    makers_of_key,
    proven_key,
    revoke_key,
)
from auricle.errors import Conflict, InvalidRequest, NotYours, TokenNotFound
from tests.fakes import Fakes

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def made(makers: tuple[str, ...] = (), expires_at: datetime = NOW + timedelta(days=1)) -> tuple[ApiKey, str]:
    return make_key(
        org="acme",
        name="CRM",
        user_id="user_2",
        created_by="user_1",
        scopes=["b", "a", "b"],
        roles=["y", "x", "y"],
        expires_at=expires_at,
        makers=makers,
        now=NOW,
    )


def test_a_key_holds_everything_but_its_secret() -> None:
    key, text = made(makers=("token_0",))
    prefix, org, key_id, secret = text.split(".")
    assert (prefix, org, key_id, len(secret)) == ("auricle", "acme", key.id, 43)
    assert secret not in repr(key)
    assert (key.org, key.name, key.user_id, key.created_by) == ("acme", "CRM", "user_2", "user_1")
    assert (key.scopes, key.roles, key.makers) == (("a", "b"), ("x", "y"), ("token_0",))
    assert (key.created_at, key.expires_at) == (NOW, NOW + timedelta(days=1))
    assert len(key.digest) == 64


def test_a_key_ends_after_ninety_days_unless_another_end_is_asked_for() -> None:
    assert end_of_key(None, maker=None, now=NOW) == NOW + timedelta(days=90)
    assert end_of_key(NOW + SECOND, maker=None, now=NOW) == NOW + SECOND
    year = NOW + timedelta(days=366)
    assert end_of_key(year, maker=None, now=NOW) == year


@pytest.mark.parametrize(
    ("asked", "why"), [(NOW - SECOND, "future"), (NOW, "future"), (NOW + timedelta(days=366, seconds=1), "366 days")]
)
def test_an_end_that_no_key_may_have_is_refused(asked: datetime, why: str) -> None:
    with pytest.raises(InvalidRequest, match=why) as refused:
        end_of_key(asked, maker=None, now=NOW)
    assert refused.value.field == "expiresAt"


def test_a_key_ends_with_the_key_it_is_made_with() -> None:
    maker, _ = made()
    assert end_of_key(None, maker=maker, now=NOW) == NOW + timedelta(days=1)
    assert end_of_key(NOW + timedelta(days=2), maker=maker, now=NOW) == NOW + timedelta(days=1)
    assert end_of_key(NOW + timedelta(hours=1), maker=maker, now=NOW) == NOW + timedelta(hours=1)
    endless = replace(maker, expires_at=None)
    assert end_of_key(None, maker=endless, now=NOW) == NOW + timedelta(days=90)


def test_a_line_of_makers_has_eight_keys_at_most() -> None:
    maker, _ = made()
    assert makers_of_key(None) == ()
    assert makers_of_key(maker) == (maker.id,)
    line = tuple(f"token_{number}" for number in range(7))
    assert makers_of_key(replace(maker, makers=line)) == (maker.id, *line)
    with pytest.raises(Conflict, match="8"):
        makers_of_key(replace(maker, makers=(*line, "token_7")))


def test_a_key_is_proven_until_the_moment_it_ends() -> None:
    keys = Fakes().records(API_KEYS)
    key, text = made()
    keys.add(key)
    end = NOW + timedelta(days=1)
    assert proven_key(text, keys, now=end - SECOND) == key
    assert proven_key(text, keys, now=end) is None
    endless, text = made()
    keys.add(replace(endless, expires_at=None))
    assert proven_key(text, keys, now=end + timedelta(days=9999)) is not None


def test_what_is_no_whole_key_proves_nothing() -> None:
    keys = Fakes().records(API_KEYS)
    key, text = made()
    keys.add(key)
    prefix, org, key_id, secret = text.split(".")
    changed = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for other in (
        f"{prefix}.{org}.{key_id}.{changed}",
        f"{prefix}.{org}.{key_id}.{secret}A",
        f"{prefix}.{org}.{key_id}.{secret[:-1]}",
        f"{prefix}.{org}.{key_id}",
        f"{prefix}.{org}.{key_id}.{secret}.x",
        f"{prefix}.globex.{key_id}.{secret}",
        f"{prefix}.a b.{key_id}.{secret}",
        f"{prefix}.{org}.a b.{secret}",
        f"{prefix}.{org}.token_none.{secret}",
        prefix,
    ):
        assert proven_key(other, keys, now=NOW) is None, other


def test_a_key_ends_when_one_of_its_makers_is_revoked() -> None:
    keys = Fakes().records(API_KEYS)
    first, _ = made()
    second, second_text = made(makers=(first.id,))
    third, third_text = made(makers=(second.id, first.id))
    other, other_text = made()
    for key in (first, second, third, other):
        keys.add(key)
    assert proven_key(third_text, keys, now=NOW) == third
    assert keys.remove(first)
    assert proven_key(third_text, keys, now=NOW) is None, "one of two makers is gone"
    assert proven_key(second_text, keys, now=NOW) is None
    keys.add(first)
    assert revoke_key("acme", first.id, keys) == first
    assert keys.find("acme", [first.id, second.id, third.id, other.id]).keys() == {other.id}
    assert proven_key(other_text, keys, now=NOW) == other
    with pytest.raises(TokenNotFound):
        revoke_key("acme", first.id, keys)


def test_all_keys_that_come_from_a_revoked_one_are_removed() -> None:
    keys = Fakes().records(API_KEYS)
    first, _ = made()
    keys.add(first)
    for _ in range(101):
        keys.add(made(makers=(first.id,))[0])
    assert revoke_key("acme", first.id, keys) == first
    assert keys.list("acme", 200).records == ()


@dataclass(frozen=True, slots=True)
class Creator:
    """A credential's user and what they may do."""

    user: str = "user_1"
    scopes: frozenset[str] = frozenset({"a", "b"})
    roles: frozenset[str] = frozenset({"x"})
    key_id: str | None = None


def created(fakes: Fakes, creator: Creator, **given: Any) -> ApiKey:
    left_out = {"user_id": None, "scopes": None, "roles": None, "expires_at": None}
    keys = fakes.records(API_KEYS)
    key, text = create_key("acme", name="CRM", creator=creator, keys=keys, now=NOW, **{**left_out, **given})
    assert proven_key(text, keys, now=NOW) == key, "it is stored"
    return key


def test_a_key_may_do_what_its_creator_may_and_no_more() -> None:
    fakes = Fakes()
    whole = created(fakes, Creator())
    assert (whole.user_id, whole.created_by, whole.scopes, whole.roles) == ("user_1", "user_1", ("a", "b"), ("x",))
    less = created(fakes, Creator(), user_id="user_2", scopes=["b"], roles=[])
    assert (less.user_id, less.created_by, less.scopes, less.roles) == ("user_2", "user_1", ("b",), ())
    with pytest.raises(NotYours, match=r"^scopes\.1 is not yours"):
        created(fakes, Creator(), scopes=["a", "c"])
    with pytest.raises(NotYours, match=r"^roles\.0 is not yours"):
        created(fakes, Creator(), roles=["y"])
    assert len(fakes.records(API_KEYS).list("acme", 10).records) == 2


def test_a_key_comes_from_the_key_it_is_created_with() -> None:
    fakes = Fakes()
    first = created(fakes, Creator(), expires_at=NOW + SECOND)
    second = created(fakes, Creator(key_id=first.id))
    assert (second.makers, second.expires_at) == ((first.id,), NOW + SECOND)
    with pytest.raises(TokenNotFound):
        created(fakes, Creator(key_id="token_none"))
