"""AWS Signature Version 4, verified as AWS does.

The embedded engine believes any signature. Here the canonical request and its signature are computed by botocore's
own signers and compared with what the request carries: in its `Authorization` header, or in the query of a
presigned URL.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
CLOCK_SKEW_S = 15 * 60
MAX_PRESIGNED_S = 7 * 24 * 3600
MAX_QUERY_FIELDS = 100

UNSIGNED_PAYLOADS = frozenset({"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
"""What S3 takes instead of the body's SHA-256: the body is not covered by the signature."""

_SIGNED_AT = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class SignatureRefused(Exception):
    """The request is not signed, or not as it should be: AWS's code for it, and what was wrong."""

    def __init__(self, code: str, message: str, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came over the wire, without its body. Header names are in lower case."""

    method: str
    raw_path: str
    raw_query: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """The value of a header that may be there once. Raises SignatureRefused where it is there twice."""
        values = [value for present, value in self.headers if present == name]
        if len(values) > 1:
            raise SignatureRefused("InvalidRequest", f"The header {name} is given more than once.", 400)
        return values[0] if values else None

    @property
    def is_presigned(self) -> bool:
        """Whether it carries its signature in the query."""
        return any(name == "X-Amz-Signature" for name, _value in self.query())

    def query(self) -> list[tuple[str, str]]:
        """Names and values of the query, decoded. Raises SignatureRefused where it cannot be decoded."""
        try:
            return parse_qsl(self.raw_query, keep_blank_values=True, errors="strict", max_num_fields=MAX_QUERY_FIELDS)
        except ValueError:  # UnicodeDecodeError is one
            raise SignatureRefused("InvalidURI", "The query cannot be read.", 400) from None


@dataclass(frozen=True, slots=True)
class HeaderSignature:
    """A request's `Authorization`, read but not verified yet."""

    service: str
    region: str
    signed_at: str
    signed_headers: str
    signature: str
    payload: str | None
    """What `x-amz-content-sha256` says of the body: its SHA-256, or one of UNSIGNED_PAYLOADS. None where the header is
    absent: then the SHA-256 of the body that came is part of what was signed."""


class Verifier:
    """Verifies signatures made with one pair of access key id and secret."""

    def __init__(self, access_key_id: str, secret_access_key: str, now_s: Callable[[], float] = time.time) -> None:
        self._access_key_id = access_key_id
        self._credentials = Credentials(access_key_id, secret_access_key)
        self._now_s = now_s

    def read_header_signature(self, request: HttpRequest) -> HeaderSignature:
        """The signature in `Authorization`, everything about it checked that needs no body.

        Raises:
            SignatureRefused: there is none, or it cannot be one of this key's and of now.
        """
        authorization = request.header("authorization")
        if authorization is None:
            raise SignatureRefused("MissingAuthenticationToken", "The request is not signed.")
        algorithm, _, rest = authorization.partition(" ")
        fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        if algorithm != ALGORITHM or not {"Credential", "SignedHeaders", "Signature"} <= fields.keys():
            raise SignatureRefused("IncompleteSignature", f"Authorization must be a signature of {ALGORITHM}.")
        signed_at = request.header("x-amz-date") or ""
        region, service = self._scope(fields["Credential"], signed_at)
        if abs(self._now_s() - _seconds(signed_at)) > CLOCK_SKEW_S:
            raise SignatureRefused("RequestTimeTooSkewed", "The request was signed more than 15 minutes from now.")
        payload = request.header("x-amz-content-sha256")
        if payload is None and service == "s3":
            raise SignatureRefused("MissingSecurityHeader", "The header x-amz-content-sha256 is missing.", 400)
        unsigned = payload in UNSIGNED_PAYLOADS and service == "s3"
        if payload is not None and not unsigned and not _SHA256.fullmatch(payload):
            # Among them the bodies of which each chunk is signed, which boto3 does not send.
            raise SignatureRefused(
                "NotImplemented", "x-amz-content-sha256 must be the SHA-256 of the body or UNSIGNED-PAYLOAD.", 501
            )
        return HeaderSignature(service, region, signed_at, fields["SignedHeaders"], fields["Signature"], payload)

    def verify_header(self, request: HttpRequest, signature: HeaderSignature, body_sha256: str | None = None) -> None:
        """Check the signature over everything but the body; `body_sha256` where the headers do not say it.

        Raises:
            SignatureRefused: this key did not sign this request.
        """
        signer_class = _S3Signer if signature.service == "s3" else _Signer
        signer = signer_class(self._credentials, signature.service, signature.region)
        signer.payload_sha256 = signature.payload or body_sha256 or ""
        path = _canonical_path(request.raw_path) if signature.service == "s3" else request.raw_path
        computed = _signature(signer, request, path, request.query(), signature.signed_headers, signature.signed_at)
        _compare(computed, signature.signature)

    def verify_presigned(self, request: HttpRequest) -> None:
        """Check a presigned URL of S3: its signature, its time, and the headers it signs.

        Raises:
            SignatureRefused: it was not signed by this key for this request, or not for now.
        """
        if request.header("authorization") is not None:
            raise SignatureRefused("InvalidArgument", "A request is signed in its query or in its headers.", 400)
        query = request.query()
        signed = [pair for pair in query if pair[0] != "X-Amz-Signature"]
        by_name = dict(query)
        wanted = ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
        if len(by_name) != len(query) or not all(f"X-Amz-{name}" in by_name for name in wanted):
            raise SignatureRefused("AuthorizationQueryParametersError", "The URL is not wholly a presigned one.", 400)
        if by_name["X-Amz-Algorithm"] != ALGORITHM:
            raise SignatureRefused("AuthorizationQueryParametersError", f"Only {ALGORITHM} is taken.", 400)
        signed_at = by_name["X-Amz-Date"]
        region, service = self._scope(by_name["X-Amz-Credential"], signed_at)
        if service != "s3":
            raise SignatureRefused("AuthorizationQueryParametersError", "Only URLs of S3 are taken.", 400)
        self._check_expiry(signed_at, by_name["X-Amz-Expires"])
        signer = S3SigV4QueryAuth(self._credentials, service, region)
        path = _canonical_path(request.raw_path)
        computed = _signature(signer, request, path, signed, by_name["X-Amz-SignedHeaders"], signed_at)
        _compare(computed, by_name["X-Amz-Signature"])

    def _scope(self, credential: str, signed_at: str) -> tuple[str, str]:
        """Region and service of a credential's scope, which must be this key's and of the day it was signed."""
        parts = credential.split("/")
        if not _SIGNED_AT.fullmatch(signed_at):
            raise SignatureRefused("IncompleteSignature", "X-Amz-Date must look like 20261121T150000Z.")
        if len(parts) != 5 or parts[1] != signed_at[:8] or parts[4] != "aws4_request":
            raise SignatureRefused("IncompleteSignature", "Credential must be KEY/DATE/REGION/SERVICE/aws4_request.")
        if parts[0] != self._access_key_id:
            raise SignatureRefused("InvalidAccessKeyId", "There is no such access key.")
        return parts[2], parts[3]

    def _check_expiry(self, signed_at: str, expires: str) -> None:
        if not re.fullmatch(r"[0-9]{1,6}", expires) or not 1 <= int(expires) <= MAX_PRESIGNED_S:
            raise SignatureRefused("AuthorizationQueryParametersError", "X-Amz-Expires is 1 to 604800 seconds.", 400)
        signed_at_s, now_s = _seconds(signed_at), self._now_s()
        if signed_at_s > now_s + CLOCK_SKEW_S:
            raise SignatureRefused("AccessDenied", "Request is not valid yet")
        if now_s > signed_at_s + int(expires):
            raise SignatureRefused("AccessDenied", "Request has expired")


class _Signer(SigV4Auth):
    """Signs with a body's SHA-256 that is known already."""

    payload_sha256 = ""

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore's signature
        return self.payload_sha256


class _S3Signer(S3SigV4Auth):
    """The same for S3, whose paths are signed as they are."""

    payload_sha256 = ""

    def payload(self, request: AWSRequest) -> str:  # noqa: ARG002 - botocore's signature
        return self.payload_sha256


def _signature(
    signer: SigV4Auth,
    request: HttpRequest,
    path: str,
    query: Iterable[tuple[str, str]],
    signed_headers: str,
    signed_at: str,
) -> str:
    """What botocore would sign this request with."""
    names = set(signed_headers.split(";"))
    present = {name for name, _value in request.headers}
    # Headers that are not signed anybody may add. Those of AWS change what the request does.
    unsigned = sorted(name for name in present if name.startswith("x-amz-") and name not in names)
    if unsigned:
        raise SignatureRefused("AccessDenied", f"These headers must be signed: {', '.join(unsigned)}.")
    if "host" not in names or not names <= present:
        missing = sorted({"host", *names} - (names & present))
        raise SignatureRefused("SignatureDoesNotMatch", f"Signed headers are missing: {', '.join(missing)}.")
    pairs: Any = list(query)  # botocore takes pairs as well as a mapping; its stubs know the mapping alone
    canonical = AWSRequest(method=request.method, url=f"http://127.0.0.1{path}", params=pairs)
    for name, value in request.headers:
        if name in names:
            canonical.headers.add_header(name, value)
    canonical.context["timestamp"] = signed_at
    return str(signer.signature(signer.string_to_sign(canonical, signer.canonical_request(canonical)), canonical))


def _canonical_path(raw_path: str) -> str:
    """S3's canonical path: each byte of the key percent-encoded the one way AWS does it, whatever the client sent."""
    return quote(unquote_to_bytes(raw_path), safe="/-_.~")


def _compare(computed: str, given: str) -> None:
    if not hmac.compare_digest(computed.encode(), given.encode()):
        raise SignatureRefused(
            "SignatureDoesNotMatch",
            "The signature is not the one this home's secret gives for this request: another secret was used, or "
            "the request was changed after it was signed.",
        )


def _seconds(signed_at: str) -> float:
    try:
        return datetime.strptime(signed_at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SignatureRefused("IncompleteSignature", "X-Amz-Date is no date.") from None
