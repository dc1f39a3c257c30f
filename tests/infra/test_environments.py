from __future__ import annotations

import dataclasses
import re

import pytest

from infra.bundling import ROOT
from infra.environments import (
    CONTEXT_KEYS,
    ENVIRONMENTS,
    IdentityMissing,
    InvalidContext,
    NobodyToTell,
    NotForAws,
    UnknownEnvironment,
    check_keys,
    environment_named,
)

IDENTITY = {"jwks_url": "https://id.acme.test/jwks", "jwt_issuer": "https://id.acme.test/"}
SAID = {
    **IDENTITY,
    "account": "123456789012",
    "region": "eu-central-1",
    "public_url": "https://calls.acme.test",
    "alarm_email": "ops@acme.test",
    "alarm_topic": "arn:aws:sns:eu-central-1:123456789012:pager",
}
"""A value for each key that not every text will do for."""


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
    assert set(CONTEXT_KEYS) >= SAID.keys()
    for key in CONTEXT_KEYS:
        assert environment.configured({key: SAID.get(key, "said")}) != environment


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("account", "12345", "12 digits"),
        ("account", "١٢٣٤٥٦٧٨٩٠١٢", "12 digits"),
        ("region", "eu-centrl-1", "Did you mean eu-central-1"),
        ("region", "Frankfurt", "there is no 'Frankfurt'"),
        ("region", "cn-north-1", "there is no 'cn-north-1'"),
        ("jwks_url", "id.acme.test/jwks", "https://"),
        ("public_url", "ftp://acme.test", "https://"),
        ("alarm_email", "ops", "one email address"),
        ("alarm_email", "ops@acme.test, dana@acme.test", "one email address"),
        ("alarm_topic", "pager", "arn:aws:sns"),
        ("alarm_topic", "arn:aws:sns:eu-central-1:123456789012:pager:subscription", "arn:aws:sns"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_before_aws_is_asked(key: str, value: str, said: str) -> None:
    with pytest.raises(InvalidContext, match=re.escape(said)):
        environment_named("prod").configured({key: value})


def test_alarms_reach_topics_of_their_own_region_alone() -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:pager"
    with pytest.raises(InvalidContext, match=r"eu-west-1.*eu-central-1"):
        environment_named("prod").configured({"alarm_topic": topic, "region": "eu-central-1"})
    assert environment_named("prod").configured({"alarm_topic": topic}).alarm_topic == topic


def test_alarms_go_to_one_place() -> None:
    with pytest.raises(InvalidContext, match="alarm_email or alarm_topic"):
        environment_named("prod").configured({key: SAID[key] for key in ("alarm_email", "alarm_topic")})


def test_a_key_that_means_nothing_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(InvalidContext, match=r"'alarm_emial'.*Did you mean alarm_email.*jwks_url"):
        check_keys(["region", "alarm_emial"], known=CONTEXT_KEYS)
    with pytest.raises(InvalidContext, match=r"no setting 'zzz'\. -c knows: account"):
        check_keys(["zzz"], known=CONTEXT_KEYS)
    check_keys(CONTEXT_KEYS, known=CONTEXT_KEYS)


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_who_notifies_names_somebody_to_tell_before_it_is_deployed(name: str) -> None:
    identified = environment_named(name).configured(IDENTITY)
    with pytest.raises(NobodyToTell, match=r"-c alarm_email=.*-c alarm_topic="):
        identified.require_deployable()
    for key in ("alarm_email", "alarm_topic"):
        identified.configured({key: SAID[key]}).require_deployable()
    environment_named("dev").configured(IDENTITY).require_deployable()


def test_local_is_not_deployed_and_says_what_to_do() -> None:
    with pytest.raises(NotForAws, match=r"make up.*dev, staging, prod"):
        environment_named("local").require_deployable()


def test_every_key_is_documented() -> None:
    rows = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in rows.splitlines() if "|" in line)))
    assert set(CONTEXT_KEYS) <= documented


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
