"""What the templates promise, in every environment."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fnmatch import fnmatch
from typing import Any
from urllib.parse import parse_qsl

from auricle.settings import PREFIX, Settings
from infra.environments import ENVIRONMENTS
from tests.infra.assemblies import LOCAL_ORIGINS, Assembly

# What the local engine does not have, or hangs on.
NOT_LOCAL = ("Custom::", "AWS::CloudFormation::CustomResource", "AWS::Batch::", "AWS::Events::Archive", "AWS::KMS::")


def statements(assembly: Assembly) -> list[tuple[str, dict[str, Any]]]:
    """Every statement of every role's policy, by the policy's logical id."""
    return [
        (name, statement)
        for name, policy in assembly.resources("AWS::IAM::Policy").items()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def recordings(assembly: Assembly) -> dict[str, Any]:
    (bucket,) = (
        resource["Properties"]
        for name, resource in assembly.resources("AWS::S3::Bucket", "data").items()
        if name.startswith("Recordings")
    )
    properties: dict[str, Any] = bucket
    return properties


def recordings_arn(assembly: Assembly) -> dict[str, Any]:
    (name,) = (name for name in assembly.resources("AWS::S3::Bucket", "data") if name.startswith("Recordings"))
    return {"Fn::GetAtt": [name, "Arn"]}


def tag_statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that ask for an object's tags."""
    found = policy["Properties"]["PolicyDocument"]["Statement"]
    return [one for one in found if "ExistingObjectTag" in json.dumps(one.get("Condition", {}))]


# --- what is kept -------------------------------------------------------------------------------------------


def test_buckets_are_closed_encrypted_and_reached_by_tls_only(assembly: Assembly) -> None:
    policies = assembly.resources("AWS::S3::BucketPolicy").values()
    guarded = {
        policy["Properties"]["Bucket"]["Ref"]
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Action"] == "s3:*"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    buckets = assembly.resources("AWS::S3::Bucket")
    assert guarded == set(buckets)
    assert [statement for policy in policies for statement in tag_statements(policy)] == [
        {
            "Sid": "NobodyReadsWithoutConsent",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": {"Fn::Join": ["", [recordings_arn(assembly), "/*"]]},
            "Condition": {"StringEquals": {"s3:ExistingObjectTag/consent": "withdrawn"}},
        }
    ]
    for bucket in buckets.values():
        assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["Properties"]["BucketEncryption"]


def test_recordings_are_versioned_logged_and_announced(assembly: Assembly) -> None:
    bucket = recordings(assembly)
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["LoggingConfiguration"]["DestinationBucketName"]
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}


def test_only_what_one_run_needed_expires(assembly: Assembly) -> None:
    """The first version of a source is the one that is processed: it must never go as noncurrent."""
    rules = recordings(assembly)["LifecycleConfiguration"]["Rules"]
    expiring = [rule for rule in rules if {"ExpirationInDays", "NoncurrentVersionExpiration"} & rule.keys()]
    assert [rule["TagFilters"] for rule in expiring] == [[{"Key": "lifetime", "Value": "run"}]]
    assert expiring[0]["ExpirationInDays"] == 7
    (uploads,) = (rule for rule in rules if "AbortIncompleteMultipartUpload" in rule)
    assert uploads["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_browsers_may_use_the_bucket_only_from_origins_that_are_named(assembly: Assembly) -> None:
    rules = recordings(assembly).get("CorsConfiguration", {}).get("CorsRules", [])
    assert [rule["AllowedOrigins"] for rule in rules] == ([LOCAL_ORIGINS] if assembly.environment == "local" else [])
    assert all({"PUT", "GET"} <= set(rule["AllowedMethods"]) for rule in rules)


def test_pages_may_call_only_from_origins_that_are_named(assembly: Assembly) -> None:
    """Browsers do not count Authorization under *."""
    cors = assembly.only("AWS::ApiGatewayV2::Api").get("CorsConfiguration", {})
    assert cors.get("AllowOrigins") == (LOCAL_ORIGINS if assembly.environment == "local" else None)
    if cors:
        assert {"authorization", "content-type", "idempotency-key"} <= set(cors["AllowHeaders"])
        assert "*" not in cors["AllowHeaders"]


def test_the_table(assembly: Assembly) -> None:
    table = assembly.only("AWS::DynamoDB::GlobalTable", "data")

    def keys(schema: list[dict[str, str]]) -> list[str]:
        return [key["AttributeName"] for key in schema]

    assert keys(table["KeySchema"]) == ["pk", "sk"]
    assert {index["IndexName"]: keys(index["KeySchema"]) for index in table["GlobalSecondaryIndexes"]} == {
        "gsi1": ["gsi1pk", "gsi1sk"],
        "gsi2": ["gsi2pk", "gsi2sk"],
    }
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    (replica,) = table["Replicas"]
    assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_data_outlives_its_stack_where_real_conversations_are(assembly: Assembly) -> None:
    kept = ENVIRONMENTS[assembly.environment].keep_data
    holders = {
        **assembly.resources("AWS::S3::Bucket"),
        **assembly.resources("AWS::DynamoDB::GlobalTable"),
        **assembly.resources("AWS::KMS::Key"),
    }
    assert {holder["DeletionPolicy"] for holder in holders.values()} == {"Retain" if kept else "Delete"}
    (replica,) = assembly.only("AWS::DynamoDB::GlobalTable")["Replicas"]
    assert replica.get("DeletionProtectionEnabled", False) is kept


def test_a_key_of_ones_own_covers_bucket_and_table(prod: Assembly) -> None:
    ((key, resource),) = prod.resources("AWS::KMS::Key").items()
    assert resource["Properties"]["EnableKeyRotation"] is True
    arn = {"Fn::GetAtt": [key, "Arn"]}
    (rule,) = recordings(prod)["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    assert rule["BucketKeyEnabled"] is True
    table = prod.only("AWS::DynamoDB::GlobalTable")
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert table["Replicas"][0]["SSESpecification"] == {"KMSMasterKeyId": arn}
    # Every role that reaches the table needs the key as well.
    for name, statement in statements(prod):
        if "dynamodb:GetItem" in listed(statement["Action"]):
            policy = prod.resources("AWS::IAM::Policy")[name]["Properties"]["PolicyDocument"]["Statement"]
            assert any("kms:Decrypt" in listed(each["Action"]) for each in policy), name


# --- functions ----------------------------------------------------------------------------------------------


def test_every_function_folder_is_deployed_and_every_deployed_function_has_a_folder(assembly: Assembly) -> None:
    assert sorted(assembly.functions()) == assembly.function_names()


def test_every_function_has_a_role_and_a_log_of_its_own(assembly: Assembly) -> None:
    functions = assembly.functions().values()
    roles = {json.dumps(function["Role"]) for function in functions}
    logs = {function["LoggingConfig"]["LogGroup"]["Ref"] for function in functions}
    assert len(roles) == len(logs) == len(functions)
    for log in assembly.resources("AWS::Logs::LogGroup").values():
        assert log["Properties"]["RetentionInDays"] == ENVIRONMENTS[assembly.environment].log_days


def test_functions_are_told_only_what_settings_read(assembly: Assembly) -> None:
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    for name, function in assembly.functions().items():
        told = {key for key in function["Environment"]["Variables"] if key.startswith(PREFIX)}
        assert told <= known, name
        assert {"AURICLE_ENV", "AURICLE_TABLE", "AURICLE_BUCKET"} <= told
    assert "AURICLE_JWKS_URL" in assembly.functions()["api"]["Environment"]["Variables"]
    assert "AURICLE_BUS" in assembly.functions()["publish_events"]["Environment"]["Variables"]
    for name in ("api", "start_processing", "sweep"):
        assert "AURICLE_STATE_MACHINE_ARN" in assembly.functions()[name]["Environment"]["Variables"]


def test_speech_is_zipped_in_local_and_an_image_in_aws(assembly: Assembly) -> None:
    images = {name for name, function in assembly.functions().items() if function.get("PackageType") == "Image"}
    assert images == (set() if assembly.environment == "local" else {"prepare", "transcribe", "diarize"})
    layers = {len(function.get("Layers", [])) for name, function in assembly.functions().items() if name not in images}
    assert layers == {1 if assembly.environment == "local" else 2}


def test_the_largest_recording_fits_into_the_temporary_folders(assembly: Assembly) -> None:
    """Prepare holds, at once, all chunks and what is joined of them; or the upload, its copy with two channels of
    16 bits at 16 kHz, and the one with a channel that is made of it. FLAC may fail to compress."""
    functions = assembly.functions()
    variables = functions["prepare"]["Environment"]["Variables"]
    upload_bytes, seconds = int(variables["AURICLE_MAX_UPLOAD_BYTES"]), int(variables["AURICLE_MAX_DURATION_S"])
    joining_bytes, copying_bytes = 2 * upload_bytes, upload_bytes + seconds * (64_000 + 32_000)
    sizes_bytes = {name: functions[name]["EphemeralStorage"]["Size"] << 20 for name in ("prepare", "diarize")}
    assert sizes_bytes["prepare"] >= 1.1 * max(joining_bytes, copying_bytes)
    assert sizes_bytes["diarize"] >= 1.1 * seconds * 64_000


def test_the_api_answers_before_its_gateway_gives_up(assembly: Assembly) -> None:
    assert assembly.functions()["api"]["Timeout"] < 30
    assert assembly.only("AWS::ApiGatewayV2::Integration")["PayloadFormatVersion"] == "2.0"
    assert assembly.only("AWS::ApiGatewayV2::Route")["RouteKey"] == "$default"


# --- rights -------------------------------------------------------------------------------------------------


def test_no_role_may_do_everything_and_few_actions_know_no_resource(assembly: Assembly) -> None:
    without_resources = {"xray:", "logs:", "ecr:GetAuthorizationToken"}
    without_resources |= {"batch:DescribeJobs", "batch:TerminateJob", "batch:ListJobs"}
    for name, statement in statements(assembly):
        actions = listed(statement["Action"])
        assert not [action for action in actions if action == "*" or action.endswith(":*")], name
        if "*" in listed(statement["Resource"]):
            stray = [action for action in actions if not action.startswith(tuple(without_resources))]
            assert not stray, name


def test_objects_are_reached_by_keys_of_recordings_alone(assembly: Assembly) -> None:
    for name, statement in statements(assembly):
        actions = listed(statement["Action"])
        if any(action.startswith(("s3:Put", "s3:Delete", "s3:GetObject")) for action in actions):
            objects = [json.dumps(resource) for resource in listed(statement["Resource"])]
            assert any("/orgs/*/recordings/*" in arn for arn in objects), name
            assert not any('"/*"' in arn for arn in objects), name


# --- what happens by itself -----------------------------------------------------------------------------------


def queue_of(arn: Any) -> str:
    return str(arn["Fn::GetAtt"][0])


def test_every_asynchronous_target_has_a_dead_letter_queue(assembly: Assembly) -> None:
    for rule in assembly.resources("AWS::Events::Rule").values():
        for target in rule["Properties"]["Targets"]:
            assert queue_of(target["DeadLetterConfig"]["Arn"]).startswith("Lost")
            assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86400
    called = {
        target["Arn"]["Fn::GetAtt"][0]
        for rule in assembly.resources("AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
    }
    functions = assembly.resources("AWS::Lambda::Function")
    handlers = {functions[name]["Properties"]["Handler"].split(".")[0] for name in called}
    jobs = {"watch_jobs"} if ENVIRONMENTS[assembly.environment].gpu else set()
    assert handlers == {"start_processing", "sweep", "register_calls"} | jobs
    for name in called:
        # Delivered is not done: what the function then fails on three times goes there too.
        assert queue_of(functions[name]["Properties"]["DeadLetterConfig"]["TargetArn"]).startswith("Lost")
    stream = assembly.only("AWS::Lambda::EventSourceMapping")
    assert queue_of(stream["DestinationConfig"]["OnFailure"]["Destination"]).startswith("Lost")


def test_every_dead_letter_queue_is_watched(assembly: Assembly) -> None:
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in assembly.resources("AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"].get("Dimensions", [])
        if dimension["Name"] == "QueueName"
        and alarm["Properties"]["Threshold"] == 0
        and alarm["Properties"]["ComparisonOperator"] == "GreaterThanThreshold"
    }
    queues = assembly.resources("AWS::SQS::Queue")
    assert len(queues) == (5 if ENVIRONMENTS[assembly.environment].gpu else 4)
    assert watched == set(queues)


def test_runs_functions_and_the_api_are_watched(assembly: Assembly) -> None:
    metrics = [alarm["Properties"]["MetricName"] for alarm in assembly.resources("AWS::CloudWatch::Alarm").values()]
    assert metrics.count("Errors") == len(assembly.functions())
    assert {"ExecutionsFailed", "ExecutionsTimedOut", "5xx", "IteratorAge"} <= set(metrics)


def test_alarms_notify_where_somebody_is_to_be_woken(assembly: Assembly) -> None:
    notify = ENVIRONMENTS[assembly.environment].notify
    for alarm in assembly.resources("AWS::CloudWatch::Alarm").values():
        assert bool(alarm["Properties"].get("AlarmActions")) is notify
    assert len(assembly.resources("AWS::SNS::Topic")) == notify


def test_an_upload_starts_processing_by_its_key_alone(assembly: Assembly) -> None:
    (pattern,) = (
        rule["Properties"]["EventPattern"]
        for name, rule in assembly.resources("AWS::Events::Rule").items()
        if "Uploaded" in name
    )
    assert pattern["source"] == ["aws.s3"]
    assert pattern["detail-type"] == ["Object Created"]
    # What the workflow itself writes into the bucket must not start it again.
    keys = ("orgs/*/recordings/*/source", "orgs/*/recordings/*/chunks/*")
    assert pattern["detail"]["object"]["key"] == [{"wildcard": key} for key in keys]


def test_calls_are_heard_of_on_our_own_bus_alone(assembly: Assembly) -> None:
    (rule,) = (
        each["Properties"] for name, each in assembly.resources("AWS::Events::Rule").items() if "CallCompleted" in name
    )
    assert rule["EventPattern"] == {"source": ["telephony"], "detail-type": ["call.completed"]}
    assert "Bus" in json.dumps(rule["EventBusName"])
    (target,) = rule["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("RegisterCalls")
    assert queue_of(target["DeadLetterConfig"]["Arn"]).startswith("LostCalls")


def test_failed_runs_are_swept(assembly: Assembly) -> None:
    (pattern,) = (
        rule["Properties"]["EventPattern"]
        for name, rule in assembly.resources("AWS::Events::Rule").items()
        if "RunFailed" in name
    )
    assert pattern["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert pattern["detail"]["stateMachineArn"] == [
        {"Ref": next(iter(assembly.resources("AWS::StepFunctions::StateMachine")))}
    ]


def test_only_new_outbox_items_are_published(assembly: Assembly) -> None:
    stream = assembly.only("AWS::Lambda::EventSourceMapping")
    (filtered,) = stream["FilterCriteria"]["Filters"]
    assert json.loads(filtered["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}}},
    }
    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    # Bounded by the record's age, in the stream's own day: a few tries would be over before an outage is.
    assert stream["MaximumRetryAttempts"] == 10_000
    assert stream["MaximumRecordAgeInSeconds"] == 23 * 3600


def test_runs_are_logged_without_their_data(assembly: Assembly) -> None:
    machine = assembly.only("AWS::StepFunctions::StateMachine")
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert machine["StateMachineType"] == "STANDARD"


def test_requests_are_logged_without_what_is_private(assembly: Assembly) -> None:
    stage = assembly.only("AWS::ApiGatewayV2::Stage")
    logged = set(json.loads(stage["AccessLogSettings"]["Format"]).values())
    assert "$context.requestId" in logged
    assert not [field for field in logged if "identity" in field or "authorizer" in field or "querystring" in field]
    environment = ENVIRONMENTS[assembly.environment]
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": environment.requests_per_second,
        "ThrottlingBurstLimit": environment.request_burst,
    }


# --- where it runs --------------------------------------------------------------------------------------------


def test_local_holds_nothing_the_engine_lacks(local: Assembly) -> None:
    kinds = {resource["Type"] for template in local.templates for resource in template.load()["Resources"].values()}
    assert not [kind for kind in kinds if kind.startswith(NOT_LOCAL)]
    assert list(local.stacks) == ["data", "service"]
    for template in local.templates:
        assert "dockerImages" not in template.assets.read_text() or '"dockerImages": {}' in template.assets.read_text()


def test_nothing_needs_a_custom_resource(assembly: Assembly) -> None:
    """Each brings a function of CDK's own, with rights of its own and a runtime that ages."""
    for template in assembly.templates:
        for resource in template.load()["Resources"].values():
            assert not resource["Type"].startswith(("Custom::", "AWS::CloudFormation::CustomResource"))


def test_stacks_come_in_the_order_of_deployment(assembly: Assembly) -> None:
    expected = ["data", "service"] if ENVIRONMENTS[assembly.environment].gpu is None else ["data", "gpu", "service"]
    assert list(assembly.stacks) == expected
    for word, template in assembly.stacks.items():
        assert template.stack_name == f"auricle-{assembly.environment}-{word}"


def test_outputs_that_tools_read(assembly: Assembly) -> None:
    outputs = {name for template in assembly.templates for name in template.load().get("Outputs", {})}
    assert {"ApiId", "ApiUrl", "BucketName", "TableName", "BusName", "StateMachineArn"} <= outputs
    assert {"SweepFunctionName", "PublishEventsFunctionName", "StartProcessingFunctionName"} <= outputs


def test_gpu_machines_start_with_the_newest_version_of_their_launch_template(prod: Assembly) -> None:
    """CloudFormation adds versions and leaves the default one at the first, which Batch takes where none is named."""
    (template,) = prod.resources("AWS::EC2::LaunchTemplate")
    computers = prod.resources("AWS::Batch::ComputeEnvironment").values()
    assert [each["Properties"]["ComputeResources"]["LaunchTemplate"] for each in computers] == [
        {"LaunchTemplateId": {"Ref": template}, "Version": {"Fn::GetAtt": [template, "LatestVersionNumber"]}}
    ] * 2
    # Batch then replaces the machines in place, which it does with other allocation strategies than BEST_FIT only.
    assert [each["Properties"]["ReplaceComputeEnvironment"] for each in computers] == [False, False]


def test_gpu_machines_exist_only_while_jobs_wait(prod: Assembly) -> None:
    computers = [each["Properties"] for each in prod.resources("AWS::Batch::ComputeEnvironment").values()]
    assert {each["ComputeResources"]["Type"] for each in computers} == {"SPOT", "EC2"}
    for each in computers:
        assert each["ComputeResources"]["MinvCpus"] == 0
    kinds = {each["ComputeResources"]["Type"]: set(each["ComputeResources"]["InstanceTypes"]) for each in computers}
    assert kinds["EC2"] == {"g6.xlarge", "g5.xlarge", "g4dn.xlarge", "g6e.xlarge"}
    assert kinds["SPOT"] == kinds["EC2"] | {"g6.2xlarge", "g5.2xlarge", "g4dn.2xlarge"}
    (spot,) = (each["ComputeResources"] for each in computers if each["ComputeResources"]["Type"] == "SPOT")
    assert spot["AllocationStrategy"] == "SPOT_PRICE_CAPACITY_OPTIMIZED"
    assert not prod.resources("AWS::EC2::NatGateway")
    endpoints = prod.resources("AWS::EC2::VPCEndpoint").values()
    assert {endpoint["Properties"]["VpcEndpointType"] for endpoint in endpoints} == {"Gateway"}
    assert len(endpoints) == 2
    group = prod.only("AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    assert [rule["ToPort"] for rule in group["SecurityGroupEgress"]] == [443]


def test_jobs_are_found_by_the_names_the_workflow_submits_to(prod: Assembly) -> None:
    given = prod.only("AWS::StepFunctions::StateMachine")["DefinitionSubstitutions"]
    jobs = {
        job["Properties"]["JobDefinitionName"]: job["Properties"]
        for job in prod.resources("AWS::Batch::JobDefinition").values()
    }
    assert set(jobs) == {given["TranscribeJob"], given["DiarizeJob"]}
    assert prod.only("AWS::Batch::JobQueue")["JobQueueName"] == given["JobQueue"]

    def needs(job: str, kind: str) -> float:
        container = jobs[given[job]]["ContainerProperties"]
        return sum(float(each["Value"]) for each in container["ResourceRequirements"] if each["Type"] == kind)

    assert (needs("TranscribeJob", "GPU"), needs("DiarizeJob", "GPU")) == (1, 0)
    assert needs("TranscribeJob", "VCPU") + needs("DiarizeJob", "VCPU") <= 4, "one machine for one recording"
    assert needs("TranscribeJob", "MEMORY") + needs("DiarizeJob", "MEMORY") <= 15 * 1024


def test_a_job_that_no_machine_is_to_be_had_for_is_given_up_soon(prod: Assembly) -> None:
    actions = prod.only("AWS::Batch::JobQueue")["JobStateTimeLimitActions"]
    assert {(action["State"], action["Action"], action["MaxTimeSeconds"]) for action in actions} == {
        ("RUNNABLE", "CANCEL", 600)
    }, "600 is the least that Batch takes"
    assert {action["Reason"] for action in actions} == {
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    }


def test_whoever_watches_jobs_knows_their_queue_and_how_long_they_may_wait(prod: Assembly) -> None:
    told = prod.functions()["watch_jobs"]["Environment"]["Variables"]
    assert told["AURICLE_JOB_QUEUE"] == prod.only("AWS::Batch::JobQueue")["JobQueueName"]
    assert told["AURICLE_GPU_WAIT_MINUTES"] == "10"
    schedules = [
        rule["Properties"]["ScheduleExpression"]
        for rule in prod.resources("AWS::Events::Rule").values()
        if "StuckJobs" in json.dumps(rule) or "Batch jobs" in rule["Properties"].get("Description", "")
    ]
    assert schedules == ["rate(5 minutes)"]


def test_jobs_are_told_their_region(prod: Assembly) -> None:
    """Lambda tells a function; ECS tells a container nothing, and the SDK asks for it first of all."""
    for job in prod.resources("AWS::Batch::JobDefinition").values():
        told = {each["Name"]: each["Value"] for each in job["Properties"]["ContainerProperties"]["Environment"]}
        assert told["AWS_DEFAULT_REGION"] == {"Ref": "AWS::Region"}


def test_attempts_that_may_succeed_are_repeated_and_others_are_not(prod: Assembly) -> None:
    for job in prod.resources("AWS::Batch::JobDefinition").values():
        strategy = job["Properties"]["RetryStrategy"]
        assert strategy["Attempts"] == 10
        assert strategy["EvaluateOnExit"] == [
            {"Action": "RETRY", "OnStatusReason": "Host EC2*"},
            {"Action": "RETRY", "OnStatusReason": "Task failed to start*"},
            {"Action": "RETRY", "OnReason": "CannotPullContainerError:*"},
            {"Action": "RETRY", "OnExitCode": "75"},
            {"Action": "EXIT", "OnReason": "*"},
        ]
        assert len(strategy["EvaluateOnExit"]) <= 5, "Batch takes no more"


# --- where template and code must agree -----------------------------------------------------------------------


def test_the_stream_is_filtered_by_the_kind_the_adapter_writes() -> None:
    from auricle.adapters.dynamodb.stream import OUTBOX_KIND as WRITTEN
    from infra.constructs.outbox import OUTBOX_KIND as FILTERED

    assert WRITTEN == FILTERED


def test_objects_of_one_run_carry_the_tag_that_expires() -> None:
    from auricle.adapters.s3 import BLOCKED, OF_ONE_RUN
    from infra.stacks.data import BLOCKED_TAG, RUN_TAG

    assert dict(parse_qsl(OF_ONE_RUN)) == RUN_TAG
    assert BLOCKED == BLOCKED_TAG == {"consent": "withdrawn"}


def test_keys_that_roles_reach_are_the_keys_that_jobs_write() -> None:
    from auricle.recordings.keys import RecordingKeys
    from auricle.recordings.media import MultimediaEvent
    from infra.constructs.access import CHUNK_KEYS, MEDIA_KEYS, RECORDING_KEYS, RUN_KEYS, SOURCE_KEYS

    keys, run = RecordingKeys("acme", "rec_1"), RecordingKeys("acme", "rec_1").run(3)
    photo = MultimediaEvent(org="acme", id="media_1", recording_id="rec_1", created_at=datetime.now(UTC))
    assert photo.key.startswith(keys.prefix)
    assert fnmatch(photo.key, MEDIA_KEYS)
    for pattern in (SOURCE_KEYS, CHUNK_KEYS, RUN_KEYS):
        assert not fnmatch(photo.key, pattern)
    assert fnmatch(keys.source, SOURCE_KEYS)
    assert fnmatch(keys.chunk(7), CHUNK_KEYS)
    for key in (keys.audio, run.plan):
        assert not fnmatch(key, SOURCE_KEYS)
        assert not fnmatch(key, CHUNK_KEYS)
    for key in (keys.audio, keys.peaks, keys.transcript):
        assert fnmatch(key, RECORDING_KEYS)
        assert not fnmatch(key, RUN_KEYS)
    for key in (run.plan, run.turns, run.highlights, run.window(7)):
        assert fnmatch(key, RUN_KEYS)
