"""Speech on GPUs: a Batch queue whose machines exist only while jobs wait, and its job definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy, Size, Stack
from aws_cdk import aws_batch as batch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import job_retries
from infra.constructs.findings import accept
from infra.constructs.function import log_retention
from infra.environments import Environment, GpuFleet

JOB_USER_ID = 10001
"""Of the user `auricle` in the image (infra/images/gpu/Dockerfile)."""


class JobNetwork(Construct):
    """Public subnets that nothing can reach, without NAT.

    Machines need the registry, ECS, logs and S3. Interface endpoints for those, or a NAT gateway, cost 30 to 90
    dollars a month while nothing runs; a public address without any way in costs a few cents an hour of work.
    S3 and DynamoDB go through gateway endpoints, which are free.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=3,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Jobs", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=22)
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            restrict_default_security_group=False,  # it would take a custom resource; nothing uses that group
        )
        flows = logs.LogGroup(
            self, "Flows", retention=log_retention(environment.log_days), removal_policy=RemovalPolicy.DESTROY
        )
        self.vpc.add_flow_log(
            "Rejected",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(flows),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        self.no_way_in = ec2.SecurityGroup(
            self,
            "NoWayIn",
            vpc=self.vpc,
            description="Jobs call out by TLS; nothing calls them",
            allow_all_outbound=False,
        )
        self.no_way_in.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "AWS: registry, ECS, logs, S3, DynamoDB")


class JobQueue(batch.JobQueue):
    """Spot machines first; on demand where they have reached their bound."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        fleet: GpuFleet,
        network: JobNetwork,
    ) -> None:
        agent = iam.Role(
            scope,
            "MachineRole",
            assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"),
            description="What the ECS agent of a machine may do; jobs have roles of their own",
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonEC2ContainerServiceforEC2Role")
            ],
        )
        accept(
            agent,
            "IAM4",
            findings=["Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"],
            reason="The agent's actions are AWS's to name: it stops registering where the list falls behind.",
        )
        machines = ec2.LaunchTemplate(
            scope,
            "Machine",
            require_imdsv2=True,
            http_put_response_hop_limit=1,
            user_data=_without_metadata(JOB_USER_ID),
            block_devices=[
                ec2.BlockDevice(
                    device_name="/dev/xvda",
                    volume=ec2.BlockDeviceVolume.ebs(
                        100, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, delete_on_termination=True
                    ),
                )
            ],
        )

        def computers(name: str, instance_types: Sequence[str], *, spot: bool) -> batch.ManagedEc2EcsComputeEnvironment:
            computer = batch.ManagedEc2EcsComputeEnvironment(
                scope,
                name,
                vpc=network.vpc,
                vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
                security_groups=[network.no_way_in],
                launch_template=machines,
                instance_role=agent,
                images=[batch.EcsMachineImage(image_type=batch.EcsMachineImageType.ECS_AL2023_NVIDIA)],
                instance_types=[ec2.InstanceType(name) for name in instance_types],
                use_optimal_instance_classes=False,
                spot=spot,
                allocation_strategy=batch.AllocationStrategy.SPOT_PRICE_CAPACITY_OPTIMIZED
                if spot
                else batch.AllocationStrategy.BEST_FIT_PROGRESSIVE,
                minv_cpus=0,
                maxv_cpus=fleet.max_vcpus,
                terminate_on_update=False,
                update_timeout=Duration.hours(5),
            )
            # Without it Batch takes the default version, which stays the first one when the template changes.
            resource = computer.node.default_child
            assert isinstance(resource, batch.CfnComputeEnvironment)  # noqa: S101 - what the construct is made of
            resource.add_property_override("ComputeResources.LaunchTemplate.Version", machines.latest_version_number)
            return computer

        super().__init__(
            scope,
            construct_id,
            job_queue_name=environment.job_queue,
            priority=1,
            compute_environments=[
                batch.OrderedComputeEnvironment(
                    compute_environment=computers("Spot", fleet.spot_instance_types, spot=True), order=1
                ),
                batch.OrderedComputeEnvironment(
                    compute_environment=computers("OnDemand", fleet.instance_types, spot=False), order=2
                ),
            ],
            # A job that no machine can be had for ends with that reason, by which the workflow has functions do it.
            job_state_time_limit_actions=[
                batch.JobStateTimeLimitAction(
                    reason=reason,
                    max_time=Duration.minutes(fleet.wait_minutes),
                    state=batch.JobStateTimeLimitActionsState.RUNNABLE,
                    action=batch.JobStateTimeLimitActionsAction.CANCEL,
                )
                for reason in (
                    batch.JobStateTimeLimitActionsReason.INSUFFICIENT_INSTANCE_CAPACITY,
                    batch.JobStateTimeLimitActionsReason.COMPUTE_ENVIRONMENT_MAX_RESOURCE,
                    batch.JobStateTimeLimitActionsReason.JOB_RESOURCE_REQUIREMENT,
                )
            ],
        )


class SpeechJob(Construct):
    """One stage as a job: `python -m {stage}.job ORG RECORDING RUN`, which the workflow fills in."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        stage: str,
        image: ecs.ContainerImage,
        log: logs.ILogGroup,
        vcpus: int,
        memory_gib: int,
        gpus: int | None,
        variables: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
            description=f"What the job {stage} may do",
        )
        container = batch.EcsEc2ContainerDefinition(
            self,
            "Container",
            image=image,
            cpu=vcpus,
            memory=Size.gibibytes(memory_gib),
            gpu=gpus,
            command=["python", "-m", f"{stage}.job"],
            environment={
                **variables,
                "POWERTOOLS_SERVICE_NAME": stage,
                # Lambda says where it runs; ECS does not, and its machines' metadata is out of reach on purpose.
                "AWS_DEFAULT_REGION": Stack.of(self).region,
            },
            job_role=self.role,
            logging=ecs.LogDriver.aws_logs(stream_prefix=stage, log_group=log),
            user="auricle",
        )
        batch.EcsJobDefinition(
            self,
            "Definition",
            job_definition_name=environment.job_definition(stage),
            container=container,
            timeout=Duration.seconds(job_retries.ATTEMPT_SECONDS),
            retry_attempts=job_retries.ATTEMPTS,
            retry_strategies=[_retry_strategy(rule) for rule in job_retries.RULES],
            propagate_tags=True,
        )
        accept(
            container.execution_role,
            "IAM5",
            findings=["Resource::*"],
            reason="ecr:GetAuthorizationToken takes * alone.",
        )


def _without_metadata(user_id: int) -> ec2.UserData:
    """A machine whose jobs cannot borrow its role: their user does not reach its metadata.

    Batch runs jobs in the network of the machine itself, so no bound on hops keeps them away. Their own role comes
    from another address (169.254.170.2).
    """
    script = ec2.UserData.for_linux()
    script.add_commands(
        f"iptables --insert OUTPUT --destination 169.254.169.254 --match owner --uid-owner {user_id} --jump REJECT"
    )
    parts = ec2.MultipartUserData()
    parts.add_part(ec2.MultipartBody.from_user_data(script))
    return parts


def _retry_strategy(rule: job_retries.RetryRule) -> batch.RetryStrategy:
    return batch.RetryStrategy.of(
        batch.Action[rule.action],
        batch.Reason.custom(on_status_reason=rule.status_reason, on_reason=rule.reason, on_exit_code=rule.exit_code),
    )
