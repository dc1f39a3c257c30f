"""The HTTP API: one route, one function; paths, schemas and credentials are the application's."""

from __future__ import annotations

import json

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.findings import accept
from infra.constructs.function import log_retention
from infra.environments import Environment

# No query string, body, address or user agent: presigned and searched values must not reach a log.
_ACCESS_LOG = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTime",
        "method": "$context.httpMethod",
        "path": "$context.path",
        "status": "$context.status",
        "responseBytes": "$context.responseLength",
        "latencyMs": "$context.responseLatency",
        "functionLatencyMs": "$context.integrationLatency",
        "error": "$context.integrationErrorMessage",
    }
)


REQUEST_HEADERS = (
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "x-api-key",
    "x-request-id",
    "x-siro-auth-token",
)
"""What pages of other origins may send."""
ANSWER_HEADERS = ("etag", "idempotency-replayed", "location", "retry-after", "x-request-id")
"""What they may read."""


class Api(Construct):
    """An API without a route first, so that its function can be told the address; `serve` adds the function."""

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(scope, construct_id)
        self.http = apigatewayv2.HttpApi(
            self,
            "Http",
            api_name=f"auricle-{environment.name}",
            create_default_stage=False,
            cors_preflight=_preflight(environment),
        )
        self._stage(environment)
        self.id = self.http.api_id
        self.url = environment.public_url or self.http.api_endpoint

    def serve(self, function: lambda_.IFunction) -> None:
        """Sends every request to the function."""
        route = apigatewayv2.HttpRoute(
            self,
            "Route",
            http_api=self.http,
            route_key=apigatewayv2.HttpRouteKey.DEFAULT,
            integration=integrations.HttpLambdaIntegration("Function", function),
        )
        accept(
            route,
            "APIG4",
            reason="Credentials (JWT or API key), scopes and tenant are checked in the application, by the same "
            "code on a laptop and in the cloud; health and documentation are open on purpose.",
        )

    def _stage(self, environment: Environment) -> None:
        log = logs.LogGroup(
            self,
            "AccessLog",
            # The prefix keeps the account's one log resource policy from growing with every API.
            log_group_name=f"/aws/vendedlogs/apigateway/auricle-{environment.name}",
            retention=log_retention(environment.log_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        stage = apigatewayv2.HttpStage(
            self,
            "Stage",
            http_api=self.http,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigatewayv2.ThrottleSettings(
                rate_limit=environment.requests_per_second, burst_limit=environment.request_burst
            ),
        )
        resource = stage.node.default_child
        assert isinstance(resource, apigatewayv2.CfnStage)  # noqa: S101 - tells mypy what a stage is made of
        resource.access_log_settings = apigatewayv2.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.log_group_arn, format=_ACCESS_LOG
        )


def _preflight(environment: Environment) -> apigatewayv2.CorsPreflightOptions | None:
    """Preflight requests are answered before the function: they cost nothing and wake nobody."""
    if not environment.cors_origins:
        return None
    return apigatewayv2.CorsPreflightOptions(
        allow_origins=list(environment.cors_origins),
        allow_methods=[apigatewayv2.CorsHttpMethod.ANY],
        # Named one by one: browsers do not let * stand for Authorization.
        allow_headers=list(REQUEST_HEADERS),
        expose_headers=list(ANSWER_HEADERS),
        max_age=Duration.hours(1),
    )
