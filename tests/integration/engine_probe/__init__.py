"""A small application for the engine's own tests: every path of AWS that Auricle relies on, none of its domain.

`write_assembly` writes it as a cloud assembly without the CDK, so that these tests need no Node and no synthesis.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
STACK = "engine-probe"
BUCKET = "engine-probe-recordings"
ORIGIN = "https://app.example"
"""The one whose pages may use the bucket and the API."""
FUNCTIONS = ("api", "start", "stage", "sweep", "publish")


def _get(resource: str, attribute: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [resource, attribute]}


def _ref(resource: str) -> dict[str, Any]:
    return {"Ref": resource}


def _definition(states: dict[str, Any]) -> dict[str, Any]:
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}


def _stage_workflow() -> dict[str, Any]:
    return _definition(
        {
            "Stage": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "${Stage}", "Payload": "{% $states.input %}"},
                "Output": "{% $states.result.Payload %}",
                "TimeoutSeconds": 60,
                "Catch": [
                    {
                        "ErrorEquals": ["Unreadable"],
                        "Output": {"caught": "{% $states.errorOutput.Error %}"},
                        "Next": "Honest end",
                    }
                ],
                "End": True,
            },
            "Honest end": {"Type": "Pass", "End": True},
        }
    )


def _job_workflow() -> dict[str, Any]:
    return _definition(
        {
            "Job": {
                "Type": "Task",
                "Resource": "arn:aws:states:::batch:submitJob.sync",
                "Arguments": {
                    "JobName": "probe",
                    "JobDefinition": "probe-definition",
                    "JobQueue": "probe-queue",
                    "ContainerOverrides": {
                        "Command": "{% $states.input.command %}",
                        "Environment": [{"Name": "TABLE", "Value": "${Table}"}],
                    },
                    "Timeout": {"AttemptDurationSeconds": "{% $states.input.seconds %}"},
                },
                "TimeoutSeconds": 60,
                "End": True,
            }
        }
    )


def _machine(definition: dict[str, Any], substitutions: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": _get("Role"),
            "DefinitionString": {"Fn::Sub": [json.dumps(definition), substitutions]},
        },
    }


def _function(name: str, key: str, variables: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": f"{name}.handler.lambda_handler",
            "Code": _asset(key),
            "Layers": [_ref("Layer")],
            "Role": _get("Role"),
            "Timeout": 60,
            "Environment": {"Variables": variables},
        },
    }


def _asset(key: str) -> dict[str, Any]:
    return {"S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}, "S3Key": key}


def _rule(pattern: dict[str, Any], target: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "EventPattern": pattern,
            "State": "ENABLED",
            "Targets": [{"Arn": _get(target), "Id": "Target0"}],
        },
    }


def template(keys: dict[str, str]) -> dict[str, Any]:
    """The CloudFormation template; `keys` are the assets' object keys by name (`layer` and FUNCTIONS)."""
    table = {"TABLE": _ref("Table")}
    variables: dict[str, dict[str, Any]] = {
        "start": {"STATE_MACHINE_ARN": _ref("Machine")},
        "api": {"URL": "http://127.0.0.1:8080"},
    }
    functions = {name.capitalize(): _function(name, keys[name], variables.get(name, table)) for name in FUNCTIONS}
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}},
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": BUCKET,
                "VersioningConfiguration": {"Status": "Enabled"},
                "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
                "CorsConfiguration": {
                    "CorsRules": [
                        {
                            "AllowedOrigins": [ORIGIN],
                            "AllowedMethods": ["PUT", "GET", "HEAD"],
                            "AllowedHeaders": ["*"],
                            "ExposedHeaders": ["ETag"],
                        }
                    ]
                },
            },
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                "KeySchema": [
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
        },
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": _asset(keys["layer"])}},
        **functions,
        "Machine": _machine(_stage_workflow(), {"Stage": _get("Stage")}),
        "JobMachine": _machine(_job_workflow(), {"Table": _ref("Table")}),
        "Uploaded": _rule(
            {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [BUCKET]},
                    "object": {"key": [{"wildcard": "orgs/*/recordings/*/source"}]},
                },
            },
            "Start",
        ),
        "Ended": _rule(
            {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    "stateMachineArn": [_ref("Machine")],
                },
            },
            "Sweep",
        ),
        "Outbox": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "FunctionName": _ref("Publish"),
                "EventSourceArn": _get("Table", "StreamArn"),
                "StartingPosition": "TRIM_HORIZON",
                "FilterCriteria": {
                    "Filters": [
                        {
                            "Pattern": json.dumps(
                                {
                                    "eventName": ["INSERT"],
                                    "dynamodb": {"NewImage": {"kind": {"S": ["outbox"]}}},
                                }
                            )
                        }
                    ]
                },
            },
        },
        "ApiHttp": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": STACK,
                "ProtocolType": "HTTP",
                "CorsConfiguration": {
                    "AllowOrigins": [ORIGIN],
                    "AllowMethods": ["*"],
                    "AllowHeaders": ["authorization", "content-type"],
                },
            },
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": _ref("ApiHttp"),
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": _get("Api"),
                "PayloadFormatVersion": "2.0",
            },
        },
        "Route": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": _ref("ApiHttp"),
                "RouteKey": "$default",
                "Target": {"Fn::Join": ["/", ["integrations", _ref("Integration")]]},
            },
        },
        "DefaultStage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": _ref("ApiHttp"), "StageName": "$default", "AutoDeploy": True},
        },
    }
    outputs = {
        "ApiId": _ref("ApiHttp"),
        "TableName": _ref("Table"),
        "StateMachineArn": _ref("Machine"),
        "JobMachineArn": _ref("JobMachine"),
        "ApiFunctionName": _ref("Api"),
        "SweepFunctionName": _ref("Sweep"),
    }
    return {"Resources": resources, "Outputs": {name: {"Value": value} for name, value in outputs.items()}}


def write_assembly(folder: Path, changed: dict[str, Any] | None = None, *, api_code: str | None = None) -> Path:
    """Write the application as a cloud assembly into `folder`.

    `changed` adds resources to the template, `api_code` takes the place of the api function's handler.
    """
    folder.mkdir(parents=True)
    sources = {"layer": HERE / "layer", **{name: HERE / "functions" / name for name in FUNCTIONS}}
    keys, files = {}, {}
    for name, source in sources.items():
        staged = folder / f"asset.{name}"
        shutil.copytree(source, staged if name == "layer" else staged / name)
        if name == "api" and api_code is not None:
            (staged / name / "handler.py").write_text(api_code)
        content = b"".join(path.read_bytes() for path in sorted(staged.rglob("*.py")))
        keys[name] = hashlib.sha256(content).hexdigest() + ".zip"
        files[name] = {
            "source": {"path": staged.name, "packaging": "zip"},
            "destinations": {"current": {"bucketName": "assets", "objectKey": keys[name]}},
        }
    described = template(keys)
    described["Resources"] |= changed or {}
    (folder / "probe.template.json").write_text(json.dumps(described))
    (folder / "probe.assets.json").write_text(json.dumps({"files": files}))
    manifest = {
        "artifacts": {
            "probe.assets": {"type": "cdk:asset-manifest", "properties": {"file": "probe.assets.json"}},
            "probe": {
                "type": "aws:cloudformation:stack",
                "properties": {"templateFile": "probe.template.json", "stackName": STACK},
                "dependencies": ["probe.assets"],
            },
        }
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
