"""What differs between local, dev, staging and prod. Everything else is the same code.

Plain values without aws_cdk: the command line reads them without starting Node.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from typing import Literal

Compute = Literal["lambda", "batch"]
Packaging = Literal["zip", "image"]

EXAMPLE_DOMAIN = "example.com"
"""Reserved by RFC 2606: no credential can come from there, so a stack that still names it lets nobody in."""

CONTEXT_KEYS = (
    "account",
    "region",
    "jwks_url",
    "jwt_issuer",
    "jwt_audience",
    "public_url",
    "alarm_email",
    "alarm_topic",
    "bucket_suffix",
    "cors_origins",
    "download_hosts",
    "whisper_model",
)
"""What `-c key=value` can say about any environment."""


class SettingsRefused(ValueError):
    """What was said of an environment is wrong or not enough; the message says what to say instead."""


class UnknownEnvironment(SettingsRefused):
    """Asked for an environment that is not in `ENVIRONMENTS`."""


class NotForAws(SettingsRefused):
    """Asked to deploy what only the local engine runs."""


class InvalidContext(SettingsRefused):
    """A `-c key=value` that is none, or whose value cannot be right."""


class IdentityMissing(SettingsRefused):
    """Deploying without saying whose credentials the API accepts."""


class NobodyToTell(SettingsRefused):
    """Deploying an environment whose alarms are to notify, without saying whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose credentials the API accepts."""

    jwks_url: str
    issuer: str
    audience: str

    @property
    def is_example(self) -> bool:
        """True while nobody has said which identity provider to trust."""
        return EXAMPLE_DOMAIN in self.jwks_url or EXAMPLE_DOMAIN in self.issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuFleet:
    """The machines of the Batch queue. None run, and nothing is paid, while no job waits."""

    instance_types: tuple[str, ...] = ("g6.xlarge", "g5.xlarge", "g4dn.xlarge", "g6e.xlarge")
    """4 vCPUs, 16 GiB or more and one GPU each: a transcription (3 vCPUs, the GPU) and its diarization share one."""
    spot_instance_types: tuple[str, ...] = (
        *("g6.xlarge", "g5.xlarge", "g4dn.xlarge", "g6e.xlarge"),
        *("g6.2xlarge", "g5.2xlarge", "g4dn.2xlarge"),
    )
    """The more kinds, the likelier one is to be had, and the rarer it is taken away: Batch takes from the deepest of
    the cheap pools. The larger ones have one GPU too."""
    wait_minutes: int = 10
    """How long a job waits where no machine is to be had (10 to 1440, as Batch allows). Then functions do its work."""
    max_vcpus: int
    """Four a machine. The account's quota of G instances must allow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment's settings."""

    name: str

    # --- what is kept ---
    keep_data: bool
    """Bucket and table outlive their stack, and the table cannot be deleted by accident."""
    recovery_days: int
    """How far back the table can be restored to any second (1 to 35)."""
    customer_key: bool
    """Recordings and table under a KMS key of the account's own, instead of keys that AWS holds.

    A key of one's own is a second lock (a role needs the key as well as the object), shows in CloudTrail who
    decrypted, and makes everything unreadable at once when it is deleted. It costs about a dollar a month and,
    with a bucket key, next to nothing per request: right where real conversations are, not needed elsewhere.
    """
    bucket_suffix: str | None = None
    """The bucket is called auricle-{name}-{suffix}; where None, CloudFormation finds a free name."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may upload, download and call the API. Those of `local` come from AURICLE_CORS_ORIGINS."""
    download_hosts: tuple[str, ...] = ()
    """Hosts the API may fetch recordings from, besides what was uploaded to it."""

    # --- where the speech engines run ---
    transcribe_compute: Compute
    diarize_compute: Compute
    transcription_engine: Literal["auto", "pocketsphinx", "whisper"]
    whisper_model: str = "small"
    """A name, or an s3:// prefix with the model's files: what is there when the image is built is in the image."""
    whisper_fallback_model: str = "small"
    """Where transcribe_compute is batch: what transcribes in functions when no GPU is to be had in time."""
    max_windows_at_once: int
    """How many windows of one recording are transcribed at the same time."""
    gpu: GpuFleet | None = None
    speech_packaging: Packaging = "image"
    """Decode and speech dependencies with their weights exceed what a zip may unpack to (250 MB)."""
    in_aws: bool = True
    """False for the local engine: its functions run in an interpreter that has the dependencies already."""

    @property
    def lambda_whisper_model(self) -> str | None:
        """The whisper model that functions transcribe with, where they transcribe with whisper."""
        if self.transcription_engine != "whisper":
            return None
        return self.whisper_fallback_model if self.transcribe_compute == "batch" else self.whisper_model

    @property
    def job_queue(self) -> str:
        """Names, not ARNs: an export of a job definition's revision could not change while it is imported."""
        return f"auricle-{self.name}-speech"

    def job_definition(self, stage: str) -> str:
        """The job definition of transcribe or diarize; without a revision it means the latest."""
        return f"auricle-{self.name}-{stage}"

    # --- how it is watched ---
    log_days: int
    requests_per_second: int
    request_burst: int
    requests_per_minute: int
    """Of one credential; the two above bound all of them together."""
    sweep_minutes: int
    """How often what was lost on the way is looked for."""
    notify: bool
    """Alarms go to a topic of the environment's own, to which `alarm_email` subscribes, or to `alarm_topic`."""
    alarm_email: str | None = None
    alarm_topic: str | None = None
    """ARN of an SNS topic there is already. Its policy must let cloudwatch.amazonaws.com publish."""

    # --- where it is deployed ---
    account: str | None = None
    """Of 12 digits. Where it is given, deploying with the credentials of another account is refused."""
    region: str | None = None
    """As in eu-central-1; where None, the region of the AWS credentials."""

    # --- who may come in ---
    identity: Identity
    public_url: str | None = None
    """The API's address as clients see it, where it is not API Gateway's own."""
    max_duration_s: int = 4 * 3600
    max_upload_bytes: int = 1024**3

    def configured(self, context: Mapping[str, str | None]) -> Environment:
        """This environment with what the command line says (`-c jwks_url=…`).

        The keys are `CONTEXT_KEYS`; cors_origins and download_hosts are separated by commas. Absent or empty ones
        leave the setting as it is.

        Raises:
            InvalidContext: a value cannot be right. Unknown keys are `check_keys`'s.
        """

        _check_values(context)

        def given(key: str, default: str | None) -> str | None:
            return context.get(key) or default

        def listed(key: str, default: tuple[str, ...]) -> tuple[str, ...]:
            names = context.get(key)
            return tuple(name.strip() for name in names.split(",")) if names else default

        return replace(
            self,
            identity=Identity(
                jwks_url=context.get("jwks_url") or self.identity.jwks_url,
                issuer=context.get("jwt_issuer") or self.identity.issuer,
                audience=context.get("jwt_audience") or self.identity.audience,
            ),
            account=given("account", self.account),
            region=given("region", self.region),
            public_url=given("public_url", self.public_url),
            alarm_email=given("alarm_email", self.alarm_email),
            alarm_topic=given("alarm_topic", self.alarm_topic),
            bucket_suffix=given("bucket_suffix", self.bucket_suffix),
            whisper_model=context.get("whisper_model") or self.whisper_model,
            cors_origins=listed("cors_origins", self.cors_origins),
            download_hosts=listed("download_hosts", self.download_hosts),
        )

    def require_deployable(self) -> None:
        """Everything that may be missing while one only looks at templates.

        Raises:
            NotForAws: it is the local environment.
            IdentityMissing: the JWKS address or the issuer is still the example.
            NobodyToTell: alarms are to notify, and nobody is named.
        """
        self.require_aws()
        self.require_identity()
        if self.notify and not (self.alarm_email or self.alarm_topic):
            raise NobodyToTell(
                f"{self.name} does not say who is told when an alarm rings. Give an address, -c alarm_email=ops@…, or "
                "the ARN of a topic there is already, -c alarm_topic=arn:aws:sns:…."
            )

    def require_aws(self) -> None:
        """Raises NotForAws for the local environment, with what to do instead."""
        if not self.in_aws:
            raise NotForAws(
                f"{self.name} is run by the engine on this machine and not deployed to AWS: run `make up`. "
                f"To deploy, say which environment: {', '.join(each for each in ENVIRONMENTS if each != self.name)}."
            )

    def require_identity(self) -> None:
        """Synthesizing works with an example identity provider; deploying does not.

        Raises:
            IdentityMissing: when the JWKS address or the issuer is still the example.
        """
        if self.identity.is_example:
            raise IdentityMissing(
                f"{self.name} does not say whose credentials the API accepts (it still names {EXAMPLE_DOMAIN}). "
                "Give your identity provider: -c jwks_url=https://…/jwks.json -c jwt_issuer=https://… "
                "[-c jwt_audience=auricle]."
            )


_EXAMPLE_IDENTITY = Identity(
    jwks_url=f"https://identity.{EXAMPLE_DOMAIN}/.well-known/jwks.json",
    issuer=f"https://identity.{EXAMPLE_DOMAIN}/",
    audience="auricle",
)

ENVIRONMENTS: Mapping[str, Environment] = {
    environment.name: environment
    for environment in (
        Environment(
            name="local",
            keep_data=False,
            recovery_days=1,
            customer_key=False,
            bucket_suffix="recordings",
            transcribe_compute="lambda",
            diarize_compute="lambda",
            transcription_engine="auto",
            max_windows_at_once=2,
            speech_packaging="zip",
            in_aws=False,
            log_days=1,
            requests_per_second=1000,
            request_burst=2000,
            requests_per_minute=60_000,
            sweep_minutes=1,
            notify=False,
            identity=Identity(
                jwks_url="http://127.0.0.1:8080/.well-known/jwks.json",
                issuer="auricle-local",
                audience="auricle",
            ),
            public_url="http://127.0.0.1:8080",
        ),
        Environment(
            name="dev",
            keep_data=False,
            recovery_days=7,
            customer_key=False,
            transcribe_compute="lambda",
            diarize_compute="lambda",
            transcription_engine="pocketsphinx",
            max_windows_at_once=10,
            log_days=7,
            requests_per_second=50,
            request_burst=100,
            requests_per_minute=1200,
            sweep_minutes=15,
            notify=False,
            identity=_EXAMPLE_IDENTITY,
        ),
        # Staging rehearses prod: the same key, queue and images; smaller, and idle it costs the key alone.
        Environment(
            name="staging",
            keep_data=True,
            recovery_days=7,
            customer_key=True,
            transcribe_compute="batch",
            diarize_compute="batch",
            transcription_engine="whisper",
            whisper_model="large-v3-turbo",
            max_windows_at_once=10,
            gpu=GpuFleet(max_vcpus=8),
            log_days=30,
            requests_per_second=100,
            request_burst=200,
            requests_per_minute=3000,
            sweep_minutes=5,
            notify=True,
            identity=_EXAMPLE_IDENTITY,
        ),
        Environment(
            name="prod",
            keep_data=True,
            recovery_days=35,
            customer_key=True,
            transcribe_compute="batch",
            diarize_compute="batch",
            transcription_engine="whisper",
            whisper_model="large-v3-turbo",
            max_windows_at_once=40,
            gpu=GpuFleet(max_vcpus=64),
            log_days=365,
            requests_per_second=500,
            request_burst=1000,
            requests_per_minute=6000,
            sweep_minutes=5,
            notify=True,
            identity=_EXAMPLE_IDENTITY,
        ),
    )
}


def environment_named(name: str) -> Environment:
    """The environment's settings.

    Raises:
        UnknownEnvironment: for a name that is none.
    """
    try:
        return ENVIRONMENTS[name]
    except KeyError:
        raise UnknownEnvironment(f"There is no environment {name!r}; there are {', '.join(ENVIRONMENTS)}.") from None


_ACCOUNT = re.compile(r"[0-9]{12}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_TOPIC = re.compile(r"arn:aws:sns:(?P<region>[a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")


def check_keys(keys: Iterable[str], *, known: Collection[str]) -> None:
    """That every `-c` key means something: a mistyped one would be ignored, and its setting left as it was.

    Raises:
        InvalidContext: naming the key, the one it may have been meant for, and all there are.
    """
    for key in keys:
        if key not in known:
            close = get_close_matches(key, known, n=1)
            meant = f" Did you mean {close[0]}?" if close else ""
            raise InvalidContext(f"There is no setting {key!r}.{meant} -c knows: {', '.join(sorted(known))}.")


def _check_values(context: Mapping[str, str | None]) -> None:
    """Raises InvalidContext for a value that AWS, or the first request, would only refuse later."""
    account, region = context.get("account"), context.get("region")
    if account and not _ACCOUNT.fullmatch(account):
        raise InvalidContext(f"-c account= takes the 12 digits of an AWS account; it was given {account!r}.")
    if region and region not in _regions():
        close = get_close_matches(region, _regions(), n=1)
        meant = f" Did you mean {close[0]}?" if close else ""
        raise InvalidContext(f"-c region= takes the name of an AWS region; there is no {region!r}.{meant}")
    for key in ("jwks_url", "public_url"):
        url = context.get(key)
        if url and not re.fullmatch(r"https?://[^\s/]+\S*", url):
            raise InvalidContext(f"-c {key}= takes an address that begins with https://; it was given {url!r}.")
    email = context.get("alarm_email")
    if email and not _EMAIL.fullmatch(email):
        raise InvalidContext(f"-c alarm_email= takes one email address; it was given {email!r}.")
    topic = context.get("alarm_topic")
    if topic and email:
        raise InvalidContext("Say alarm_email or alarm_topic: a topic there is already has its own subscribers.")
    if topic:
        found = _TOPIC.fullmatch(topic)
        if not found:
            raise InvalidContext(
                f"-c alarm_topic= takes an ARN as in arn:aws:sns:eu-central-1:123456789012:name; it was given "
                f"{topic!r}."
            )
        if region and found["region"] != region:
            raise InvalidContext(
                f"The alarm topic is in {found['region']}, and the alarms will be in {region}: an alarm reaches topics "
                "of its own region alone."
            )


@cache
def _regions() -> tuple[str, ...]:
    """Names of the regions that this SDK knows: of the partition that templates are made for."""
    from botocore.session import get_session

    return tuple(get_session().get_available_regions("lambda", partition_name="aws"))
