"""What can go wrong with the local environment, each with what to do about it."""

from __future__ import annotations


class LocalEnvironmentError(Exception):
    """The root: the message is meant for the person at the terminal."""


class PortTaken(LocalEnvironmentError):
    """Something else listens on a port the environment needs."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} of 127.0.0.1 is in use. Stop what listens there, or choose another with PORT=… "
            "(Auricle takes that port and the one after it)."
        )
        self.port = port


class HomeInUse(LocalEnvironmentError):
    """Another engine already serves this AURICLE_HOME."""

    def __init__(self, root: str, holder: str) -> None:
        super().__init__(
            f"{root} is already in use by process {holder}. Stop it first, or set AURICLE_HOME to another folder."
        )


class SynthesisFailed(LocalEnvironmentError):
    """The CDK app of the local environment did not synthesize."""


class DeploymentFailed(LocalEnvironmentError):
    """The engine refused a stack; the message names the resource and the reason."""


class EngineFailed(LocalEnvironmentError):
    """The engine did not start, or stopped by itself."""


class StateDamaged(LocalEnvironmentError):
    """Saved state cannot be read back."""
