"""What only AWS would refuse: quotas and formats that the local engine does not check, nor cfn-lint all of.

The figures are AWS's own, as documented in November 2026.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from auricle.identifiers import execution_name, is_id
from infra.environments import ENVIRONMENTS
from tests.infra import assemblies
from tests.infra.assemblies import Assembly
from tests.infra.definition import TEXT, states

LAMBDA_TIMEOUT_S = 900
LAMBDA_MEMORY_OF_A_NEW_ACCOUNT_MB = 3008
"""Lambda takes 10,240 MB; an account that nobody has asked more for takes this."""
VARIABLES_BYTES = 4096
API_TIMEOUT_S = 30
EVENT_PATTERN_BYTES = 2048
DEFINITION_BYTES = 1024 * 1024
STATE_PAYLOAD_BYTES = 256 * 1024
ROLE_POLICIES_BYTES = 10_240
"""All inline policies of a role together, without white space."""
TRUST_POLICY_BYTES = 2048
MANAGED_POLICIES = 10
STACK_RESOURCES = 500
STACK_OUTPUTS = 200
TEMPLATE_BYTES = 1024 * 1024
RULES_OF_A_BUS = 100
TARGETS_OF_A_RULE = 5
LAYERS = 5
UNKNOWN_NAME = 128
"""Characters to allow for a reference that CloudFormation fills in: an ARN of this application has fewer."""


@pytest.fixture(scope="module", params=[*ENVIRONMENTS, "placed"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    """Each environment, and prod with its account and region said: names are written out there."""
    return assemblies.read_placed() if request.param == "placed" else assemblies.read(request.param)


def filled(value: Any) -> Any:
    """The value with something in the place of every reference."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
            if "Fn::Join" in value:
                separator, parts = value["Fn::Join"]
                return separator.join(str(filled(part)) for part in parts)
            return "x" * UNKNOWN_NAME
        return {key: filled(each) for key, each in value.items()}
    return [filled(each) for each in value] if isinstance(value, list) else value


def compact(value: Any) -> int:
    """Bytes of the JSON, as AWS counts it: without white space."""
    return len(json.dumps(filled(value), separators=(",", ":")).encode())


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_measure_counts_what_references_become() -> None:
    assert filled({"Fn::Join": [":", ["a", {"Ref": "B"}]]}) == "a:" + "x" * UNKNOWN_NAME
    assert compact({"a": [{"Fn::GetAtt": ["B", "Arn"]}]}) == len('{"a":[""]}') + UNKNOWN_NAME


# --- Lambda -------------------------------------------------------------------------------------------------------


def test_functions_are_within_lambdas_bounds(assembly: Assembly) -> None:
    for name, function in assembly.functions().items():
        assert 1 <= function["Timeout"] <= LAMBDA_TIMEOUT_S, name
        assert 128 <= function["MemorySize"] <= LAMBDA_MEMORY_OF_A_NEW_ACCOUNT_MB, name
        assert 512 <= function["EphemeralStorage"]["Size"] <= 10_240, name
        assert len(function.get("Layers", [])) <= LAYERS, name
        assert len(function["Description"]) <= 256, name
        assert compact(function["Environment"]["Variables"]) <= VARIABLES_BYTES, name
        for variable in function["Environment"]["Variables"]:
            assert re.fullmatch(r"[A-Za-z]\w+", variable), "and AWS's own are reserved"
            assert not variable.startswith(("AWS_", "LAMBDA_")), variable


def test_what_a_caller_may_say_still_fits_the_variables(assembly: Assembly) -> None:
    """`-c cors_origins` and `download_hosts` have no bound of their own."""
    variables = assembly.functions()["api"]["Environment"]["Variables"]
    assert VARIABLES_BYTES - compact(variables) >= 1024


def test_a_function_answers_before_who_called_it_gives_up(assembly: Assembly) -> None:
    functions = assembly.functions()
    assert functions["api"]["Timeout"] < API_TIMEOUT_S
    integration = assembly.only("AWS::ApiGatewayV2::Integration")
    assert integration.get("TimeoutInMillis", API_TIMEOUT_S * 1000) <= API_TIMEOUT_S * 1000
    machine = assembly.only("AWS::StepFunctions::StateMachine")["DefinitionSubstitutions"]
    handlers = {
        logical: resource["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for logical, resource in assembly.resources("AWS::Lambda::Function").items()
    }
    seen = 0
    for state in states():
        if state.fields.get("Resource") == "arn:aws:states:::lambda:invoke":
            substitution = state.fields["Arguments"]["FunctionName"].strip("${}")
            name = handlers[machine[substitution]["Fn::GetAtt"][0]]
            assert state.fields["TimeoutSeconds"] > functions[name]["Timeout"], state.name
            seen += 1
    assert seen >= 6


def test_a_queue_that_feeds_a_function_hides_a_message_for_long_enough(assembly: Assembly) -> None:
    """Six times the function's timeout; today queues hold dead letters alone, and the stream has no such bound."""
    queues = assembly.resources("AWS::SQS::Queue")
    functions = assembly.resources("AWS::Lambda::Function")
    for mapping in assembly.resources("AWS::Lambda::EventSourceMapping").values():
        source = mapping["Properties"]["EventSourceArn"]
        queue = source.get("Fn::GetAtt", [None])[0] if isinstance(source, dict) else None
        if queue in queues:
            function = functions[mapping["Properties"]["FunctionName"]["Ref"]]["Properties"]
            assert queues[queue]["Properties"].get("VisibilityTimeout", 30) >= 6 * function["Timeout"]
    for queue in queues.values():
        assert 60 <= queue["Properties"]["MessageRetentionPeriod"] <= 14 * 86400


# --- Step Functions -------------------------------------------------------------------------------------------------


def test_the_definition_fits_and_so_do_its_names(assembly: Assembly) -> None:
    machine = assembly.only("AWS::StepFunctions::StateMachine")
    given = {name: filled(value) for name, value in machine["DefinitionSubstitutions"].items()}
    definition = re.sub(r"\$\{(\w+)\}", lambda found: str(given[found[1]]), machine["DefinitionString"])
    assert len(definition.encode()) <= DEFINITION_BYTES
    assert all(len(state.name) <= 80 for state in states())
    assert machine["DefinitionString"] == TEXT
    assert "${" not in definition


def test_what_states_hand_on_is_bounded() -> None:
    """A cause may be 32 KB; cut to 2,000 characters, the causes of all stages of a run fit the payload many times."""
    cut = re.findall(r"\$substring\(\$states\.errorOutput\.Cause, 0, (\d+)\)", TEXT)
    assert len(cut) > 5
    assert max(map(int, cut)) == 2000
    uses = re.findall(r"\$(\w+)\(\$states\.errorOutput\.Cause\)?(\S*)", TEXT)
    assert len(uses) == TEXT.count("$states.errorOutput.Cause"), "none is handed on as it is"
    for function, then in uses:
        assert function in {"exists", "substring", "type", "parse"}
        if function == "parse":
            assert then.startswith(".{"), "some fields of a job, each cut in turn"
    stages = 6
    assert stages * 2000 * 4 < STATE_PAYLOAD_BYTES


# --- rules, roles, names ---------------------------------------------------------------------------------------------


def test_event_patterns_and_targets_fit(assembly: Assembly) -> None:
    rules = assembly.resources("AWS::Events::Rule")
    assert 4 <= len(rules) <= RULES_OF_A_BUS
    for name, rule in rules.items():
        properties = rule["Properties"]
        assert compact(properties.get("EventPattern", {})) <= EVENT_PATTERN_BYTES, name
        assert 1 <= len(properties["Targets"]) <= TARGETS_OF_A_RULE, name
        assert len(properties["Description"]) <= 512, name


def test_the_policies_of_a_role_fit_together(assembly: Assembly) -> None:
    roles = assembly.resources("AWS::IAM::Role")
    sizes = {
        name: sum(compact(each["PolicyDocument"]) for each in role["Properties"].get("Policies", []))
        for name, role in roles.items()
    }
    for policy in assembly.resources("AWS::IAM::Policy").values():
        for role in policy["Properties"]["Roles"]:
            sizes[role["Ref"]] += compact(policy["Properties"]["PolicyDocument"])
    assert max(sizes.values()) > 1000, "this measures something"
    for name, size in sizes.items():
        assert size <= ROLE_POLICIES_BYTES, name
        assert compact(roles[name]["Properties"]["AssumeRolePolicyDocument"]) <= TRUST_POLICY_BYTES, name
        assert len(roles[name]["Properties"].get("ManagedPolicyArns", [])) <= MANAGED_POLICIES, name


def test_descriptions_and_tags_have_the_characters_aws_takes(assembly: Assembly) -> None:
    for role in assembly.resources("AWS::IAM::Role").values():
        described = role["Properties"].get("Description", "")
        assert re.fullmatch(r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]{0,1000}", described)
    for group in assembly.resources("AWS::EC2::SecurityGroup").values():
        texts = [group["Properties"]["GroupDescription"]]
        texts += [rule["Description"] for rule in group["Properties"]["SecurityGroupEgress"]]
        for text in texts:
            assert re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}", text), text
    tags = [
        (tag["Key"], tag["Value"])
        for template in assembly.templates
        for resource in template.load()["Resources"].values()
        for tag in (resource.get("Properties", {}).get("Tags") or [])
        if isinstance(tag, dict) and isinstance(tag.get("Value"), str)
    ]
    assert tags
    for key, value in tags:
        assert re.fullmatch(r"[\w\s.:/=+\-@]{1,128}", key)
        assert not key.lower().startswith("aws:")
        assert re.fullmatch(r"[\w\s.:/=+\-@]{0,256}", value), (key, value)


NAMES = {
    ("AWS::Lambda::Function", "FunctionName"): r"[\w-]{1,64}",
    ("AWS::IAM::Role", "RoleName"): r"[\w+=,.@-]{1,64}",
    ("AWS::Logs::LogGroup", "LogGroupName"): r"[a-zA-Z0-9_\-/.#]{1,512}",
    ("AWS::Events::Rule", "Name"): r"[\w.\-]{1,64}",
    ("AWS::Events::EventBus", "Name"): r"[/.\-_A-Za-z0-9]{1,256}",
    ("AWS::StepFunctions::StateMachine", "StateMachineName"): r"[\w-]{1,80}",
    ("AWS::SQS::Queue", "QueueName"): r"[\w-]{1,80}",
    ("AWS::SNS::Topic", "DisplayName"): r"[\x20-\x7E]{1,100}",
    ("AWS::CloudWatch::Alarm", "AlarmName"): r".{1,255}",
    ("AWS::S3::Bucket", "BucketName"): r"[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]",
    ("AWS::ApiGatewayV2::Api", "Name"): r".{1,128}",
    ("AWS::Batch::JobQueue", "JobQueueName"): r"[A-Za-z0-9][\w-]{0,127}",
    ("AWS::Batch::JobDefinition", "JobDefinitionName"): r"[A-Za-z0-9][\w-]{0,127}",
}
"""What each service takes as a name, where we give one."""


def test_names_are_as_each_service_takes_them(assembly: Assembly) -> None:
    given = [
        (kind, resource["Properties"][field], shape)
        for (kind, field), shape in NAMES.items()
        for resource in assembly.resources(kind).values()
        if isinstance(resource["Properties"].get(field), str)
    ]
    assert len(given) >= 3
    for kind, name, shape in given:
        assert re.fullmatch(shape, name, re.ASCII), (kind, name)
    for template in assembly.templates:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", template.stack_name)


def test_a_job_is_named_as_batch_takes_it() -> None:
    """`transcribe-{recording}-r{run}`; ids have up to 64 characters of these (identifiers.py)."""
    longest = "r" * 64
    assert is_id(longest)
    assert not is_id(longest + "r")
    assert "'transcribe-' & $recording & '-r' & $string($run)" in TEXT
    assert len(f"transcribe-{longest}-r{10**9 - 1}") <= 128
    assert len(execution_name(longest, "v" * 1024, 10**9 - 1)) <= 80


def test_stacks_fit_cloudformation(assembly: Assembly) -> None:
    for template in assembly.templates:
        loaded = template.load()
        assert len(loaded["Resources"]) <= STACK_RESOURCES
        assert len(loaded.get("Outputs", {})) <= STACK_OUTPUTS
        assert template.template.stat().st_size <= TEMPLATE_BYTES


def test_no_stack_depends_on_a_circle_of_exports(assembly: Assembly) -> None:
    """An export cannot change while it is imported: only what is kept exports, to what is replaceable."""
    for word, template in assembly.stacks.items():
        loaded = template.load()
        exports = [each for each in loaded.get("Outputs", {}).values() if "Export" in each]
        assert bool(exports) == (word == "data"), word
        if word == "data":
            assert "Fn::ImportValue" not in json.dumps(loaded)


def test_log_groups_and_alarms_fit_their_services(assembly: Assembly) -> None:
    for name, alarm in assembly.resources("AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        # CloudWatch evaluates a day at most, and periods are whole minutes.
        assert properties["Period"] * properties["EvaluationPeriods"] <= 86400, name
        assert properties["Period"] % 60 == 0, name
        assert len(properties["Dimensions"]) <= 30, name
    kept = {
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
    }  # fmt: skip
    for group in assembly.resources("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] in kept
