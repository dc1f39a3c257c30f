"""Answers with what it got: the event, and where its imports come from."""

import base64
import json
import os
import subprocess
import sys
from typing import Any

import auricle


def impostor(status: int) -> str:
    """A line that reads like a worker's answer."""
    return json.dumps({"status": "ok", "result": {"statusCode": status, "body": "not what the handler returned"}})


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    path = event["rawPath"]
    if path == "/raise":
        raise ValueError("a detail that callers must not see")
    if path == "/large":
        return {"statusCode": 200, "body": "x" * 6_500_000}
    if path == "/loud":  # as libraries in C write, what functions start, and Powertools' metrics
        os.write(1, f"{impostor(418)}\n".encode())
        subprocess.run(["echo", impostor(419)], check=True)
        sys.stdout.write(f"{impostor(420)}\n")
    if path == "/reverse":
        content = base64.b64decode(event["body"])[::-1]
        headers = {"content-type": "application/octet-stream"}
        body = base64.b64encode(content).decode()
        return {"statusCode": 200, "headers": headers, "isBase64Encoded": True, "body": body}
    seen = {"event": event, "auricle": auricle.__file__, "marker": vars(auricle)["MARKER"], "sys_path": sys.path}
    return {"statusCode": 200, "cookies": ["a=1", "b=2"], "body": json.dumps(seen)}
