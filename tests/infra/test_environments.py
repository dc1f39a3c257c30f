from __future__ import annotations

import dataclasses

import pytest

from infra.environments import CONTEXT_KEYS, ENVIRONMENTS, IdentityMissing, UnknownEnvironment, environment_named


def test_an_unknown_environment_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownEnvironment, match=r"'production'.*local, dev, staging, prod"):
        environment_named("production")


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_no_environment_in_aws_trusts_anybody_until_told(name: str) -> None:
    environment = environment_named(name)
    with pytest.raises(IdentityMissing, match="-c jwks_url="):
        environment.require_identity()
    # One of the two alone would let the other's example through.
    with pytest.raises(IdentityMissing):
        environment.configured({"jwks_url": "https://id.acme.test/jwks"}).require_identity()
    with pytest.raises(IdentityMissing):
        environment.configured({"jwt_issuer": "https://id.acme.test/"}).require_identity()
    environment.configured(
        {"jwks_url": "https://id.acme.test/jwks", "jwt_issuer": "https://id.acme.test/"}
    ).require_identity()


def test_every_context_key_changes_the_environment_and_nothing_else_does() -> None:
    environment = environment_named("dev")
    assert environment.configured(dict.fromkeys(CONTEXT_KEYS)) == environment
    assert environment.configured({"unheard_of": "x"}) == environment
    for key in CONTEXT_KEYS:
        assert environment.configured({key: "said"}) != environment


def test_origins_are_separated_by_commas() -> None:
    configured = environment_named("dev").configured({"cors_origins": "https://a.test, https://b.test"})
    assert configured.cors_origins == ("https://a.test", "https://b.test")
    assert environment_named("dev").configured({"download_hosts": "a.test,b.test"}).download_hosts == (
        "a.test",
        "b.test",
    )


def test_no_environment_lets_pages_of_other_origins_in_until_told() -> None:
    assert {environment.cors_origins for environment in ENVIRONMENTS.values()} == {()}


def test_what_is_kept_is_kept_where_real_conversations_are() -> None:
    assert [name for name, each in ENVIRONMENTS.items() if each.keep_data] == ["staging", "prod"]
    assert [name for name, each in ENVIRONMENTS.items() if each.customer_key] == ["staging", "prod"]


def test_batch_is_computed_on_only_where_there_is_a_queue() -> None:
    for environment in ENVIRONMENTS.values():
        uses_batch = "batch" in (environment.transcribe_compute, environment.diarize_compute)
        assert uses_batch == (environment.gpu is not None), environment.name
    assert ENVIRONMENTS["prod"].gpu is not None


def test_environments_are_values() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        environment_named("prod").keep_data = False  # type: ignore[misc]  # that it cannot be set is the point
