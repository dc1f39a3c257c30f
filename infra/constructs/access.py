"""Who may do what with what is kept. CDK's grants, with the wildcards they contain accounted for."""

from __future__ import annotations

from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from auricle.recordings.keys import RecordingKeys
from infra.constructs.findings import accept
from infra.stacks.data import DataStack

_ANY = RecordingKeys.of_any()
SOURCE_KEYS = _ANY.source
CHUNK_KEYS = f"{_ANY.chunks_prefix}*"
MEDIA_KEYS = f"{_ANY.media_prefix}*"
SIGNATURE_KEYS = _ANY.consent_signature
RECORDING_KEYS = _ANY.prefix.removesuffix("/")
"""Whatever lies under a recording's prefix: the last `*` spans the slashes that follow."""
RUN_KEYS = f"{_ANY.runs_prefix}*"

Grantee = lambda_.Function | iam.Role


class Access:
    """Grants on the bucket and the table, each for keys of recordings alone."""

    def __init__(self, data: DataStack) -> None:
        self._data = data

    def keep_state(self, grantee: Grantee) -> None:
        """Read and write the table; transactions and its indexes are part of it."""
        self._data.table.grant_read_write_data(grantee)
        if self._data.key:
            self._data.key.grant_encrypt_decrypt(grantee)
        self._explain(
            grantee,
            resources=[self._exported(self._data.table.table_arn) + "/index/*"],
            reason="The table's own indexes.",
        )

    def read_changes(self, grantee: Grantee) -> None:
        """Read what the table's stream says, where it is encrypted; its event source grants the rest."""
        if self._data.key:
            self._data.key.grant_decrypt(grantee)

    def read(self, grantee: Grantee, keys: str = RECORDING_KEYS) -> None:
        """Read objects and their versions, and list them."""
        self._data.bucket.grant_read(grantee, keys)
        self._explain(
            grantee,
            actions=["s3:GetObject*", "s3:GetBucket*", "s3:List*"],
            resources=[self._object_arn(keys)],
            reason="Reading: of any version, of one bucket's keys that a recording has.",
        )

    def write(self, grantee: Grantee, keys: str) -> None:
        """Put objects, whole or in parts, with their tags."""
        self._data.bucket.grant_put(grantee, keys)
        self._explain(
            grantee,
            actions=["s3:Abort*"],
            resources=[self._object_arn(keys)],
            reason="Writing: s3:Abort* is the one action that ends an unfinished upload; keys are a recording's.",
        )

    def remove(self, grantee: Grantee, keys: str) -> None:
        """Delete objects, and every version of them."""
        self._data.bucket.grant_delete(grantee, keys)
        self._explain(
            grantee,
            actions=["s3:DeleteObject*"],
            resources=[self._object_arn(keys)],
            reason="Deleting: objects and their versions, of keys that a recording or one of its runs has.",
        )

    def tag(self, grantee: Grantee, keys: str) -> None:
        """Put tags on versions of objects that are there, and take them off."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["s3:PutObjectVersionTagging", "s3:DeleteObjectVersionTagging"],
            resource_arns=[self._data.bucket.arn_for_objects(keys)],
        )
        self._explain(
            grantee,
            resources=[self._object_arn(keys)],
            reason="Blocking and unblocking what consent was withdrawn from: of keys that a recording has.",
        )

    def _explain(
        self, grantee: Grantee, *, resources: list[str], reason: str, actions: list[str] | None = None
    ) -> None:
        role = grantee if isinstance(grantee, iam.Role) else cast(iam.Role, grantee.role)
        keyed = ["kms:GenerateDataKey*", "kms:ReEncrypt*"] if self._data.key else []
        accept(
            role,
            "IAM5",
            findings=[
                *(f"Action::{action}" for action in [*(actions or []), *keyed]),
                *(f"Resource::{resource}" for resource in resources),
            ],
            reason=reason + (" The key's wildcards are KMS's own pairs of actions." if keyed else ""),
        )

    def _object_arn(self, keys: str) -> str:
        return f"{self._exported(self._data.bucket.bucket_arn)}/{keys}"

    def _exported(self, arn: str) -> str:
        """How cdk-nag writes an ARN that one stack exports to another: by the export's name."""
        exported = self._data.export_value(arn)
        return str(Stack.of(self._data).resolve(exported)["Fn::ImportValue"])
