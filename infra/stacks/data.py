"""What is kept: recordings, the table, and the bus the rest of the company listens to."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.findings import lint_exceptions
from infra.environments import Environment

RUN_TAG = {"lifetime": "run"}
"""Carried by every object that only one run needs; what a run that died left behind goes by this tag."""

BLOCKED_TAG = {"consent": "withdrawn"}
"""Carried by every version of every object of a recording whose consent was withdrawn."""


class DataStack(Stack):
    """Outlives every version of the code."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment, **stack: Any) -> None:
        super().__init__(scope, construct_id, termination_protection=environment.keep_data, **stack)
        lint_exceptions(self)
        self._environment = environment
        self._removal = RemovalPolicy.RETAIN if environment.keep_data else RemovalPolicy.DESTROY

        self.key = self._key() if environment.customer_key else None
        self.bucket = self._bucket()
        self.table = self._table()
        self.bus = events.EventBus(self, "Bus", event_bus_name=f"auricle-{environment.name}")

        CfnOutput(self, "BucketName", value=self.bucket.bucket_name)
        CfnOutput(self, "TableName", value=self.table.table_name)
        CfnOutput(self, "BusName", value=self.bus.event_bus_name)

    def _key(self) -> kms.Key:
        return kms.Key(
            self,
            "Key",
            description=f"Recordings and table of Auricle {self._environment.name}",
            enable_key_rotation=True,
            removal_policy=self._removal,
        )

    def _bucket(self) -> s3.Bucket:
        access_log = s3.Bucket(
            self,
            "AccessLog",
            encryption=s3.BucketEncryption.S3_MANAGED,  # log delivery cannot use a customer's key
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(self._environment.log_days))],
            removal_policy=self._removal,
        )

        suffix = self._environment.bucket_suffix
        bucket = s3.Bucket(
            self,
            "Recordings",
            bucket_name=f"auricle-{self._environment.name}-{suffix}" if suffix else None,
            # The first version of a source is the one that is processed; a later PUT to the same URL never
            # takes its place. So no rule below lets noncurrent versions of sources expire.
            versioned=True,
            encryption=s3.BucketEncryption.KMS if self.key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=self.key,
            bucket_key_enabled=True if self.key else None,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_log,
            cors=self._cors(),
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-unfinished-uploads",
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                    expired_object_delete_marker=True,
                ),
                s3.LifecycleRule(
                    id="forget-dead-runs",
                    tag_filters=RUN_TAG,
                    expiration=Duration.days(7),
                    noncurrent_version_expiration=Duration.days(1),
                ),
            ],
            removal_policy=self._removal,
        )
        # CDK's own switch for this adds a function that may change every bucket's notifications.
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)  # noqa: S101 - tells mypy what a Bucket is made of
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        )
        bucket.add_to_resource_policy(_nobody_reads_what_is_blocked(bucket))
        return bucket

    def _cors(self) -> list[s3.CorsRule] | None:
        if not self._environment.cors_origins:
            return None
        return [
            s3.CorsRule(
                allowed_methods=[s3.HttpMethods.PUT, s3.HttpMethods.GET, s3.HttpMethods.HEAD],
                allowed_origins=list(self._environment.cors_origins),
                allowed_headers=["*"],
                exposed_headers=["ETag", "x-amz-version-id"],
                max_age=3600,
            )
        ]

    def _table(self) -> dynamodb.TableV2:
        def text(name: str) -> dynamodb.Attribute:
            return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)

        table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=text("pk"),
            sort_key=text("sk"),
            global_secondary_indexes=[
                # Recordings of a tenant by month, newest first.
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="gsi1", partition_key=text("gsi1pk"), sort_key=text("gsi1sk")
                ),
                # Sparse: only what is not finished carries these keys, so the sweep reads open work alone. It reads
                # each recording from the table afterwards, so its entries cost every write next to nothing.
                dynamodb.GlobalSecondaryIndexPropsV2(
                    index_name="gsi2",
                    partition_key=text("gsi2pk"),
                    sort_key=text("gsi2sk"),
                    projection_type=dynamodb.ProjectionType.INCLUDE,
                    non_key_attributes=["kind"],
                ),
            ],
            dynamo_stream=dynamodb.StreamViewType.NEW_IMAGE,
            time_to_live_attribute="expires_at",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True,
                recovery_period_in_days=self._environment.recovery_days,
            ),
            deletion_protection=self._environment.keep_data,
            removal_policy=self._removal,
        )
        if self.key:
            _encrypt(table, self.key)
        return table


def _nobody_reads_what_is_blocked(bucket: s3.Bucket) -> iam.PolicyStatement:
    """Denies reading objects that carry the tag to everybody, so a presigned URL ends working when it is put on.

    Nothing else is denied: tags are put on and taken off, and objects erased, whatever tags they carry. (S3 knows no
    condition on existing tags for deleting and writing.)
    """
    return iam.PolicyStatement(
        sid="NobodyReadsWithoutConsent",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["s3:GetObject", "s3:GetObjectVersion"],
        resources=[bucket.arn_for_objects("*")],
        conditions={
            "StringEquals": {f"s3:ExistingObjectTag/{key}": value for key, value in BLOCKED_TAG.items()},
        },
    )


def _encrypt(table: dynamodb.TableV2, key: kms.Key) -> None:
    """TableV2 takes a key only where the region is known at synthesis; these templates fit any region.

    Its grants therefore do not know of the key: `Access.keep_state` grants it beside the table.
    """
    resource = table.node.default_child
    assert isinstance(resource, dynamodb.CfnGlobalTable)  # noqa: S101 - tells mypy what TableV2 is made of
    resource.add_property_override("SSESpecification", {"SSEEnabled": True, "SSEType": "KMS"})
    resource.add_property_override("Replicas.0.SSESpecification", {"KMSMasterKeyId": key.key_arn})
