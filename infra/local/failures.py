"""What can go wrong with the local environment, each with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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


class PortUnusable(LocalEnvironmentError):
    """No port of this number can be listened on: out of range, or not allowed to this user."""

    def __init__(self, port: int, reason: str) -> None:
        super().__init__(
            f"Port {port} cannot be used: {reason}. Choose one between 1024 and 65534 with PORT=… "
            "(Auricle takes that port and the one after it)."
        )
        self.port = port


class HomeUnusable(LocalEnvironmentError):
    """AURICLE_HOME is no folder, or one that cannot be written."""

    def __init__(self, root: str, reason: str) -> None:
        super().__init__(f"{root} cannot be used as AURICLE_HOME: {reason}. Set AURICLE_HOME to a folder of your own.")


class KeyDamaged(LocalEnvironmentError):
    """The file of the signing key holds something else."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path} is not a private RSA key of at least 2048 bits ({reason}). Put it back from a backup, or move it "
            "away: the next start makes a new one, and tokens signed with the old one are no longer accepted."
        )


class SecretDamaged(LocalEnvironmentError):
    """The file of the secret that requests to the AWS port are signed with holds none."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path} does not hold a secret of 40 characters. Delete it: the next start makes another, and of what is "
            "kept nothing is lost; upload and download links given out so far stop working."
        )


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
    """Saved state cannot be read back whole. Nothing was changed, and nothing is served."""

    def __init__(self, folder: str, damages: Sequence[str]) -> None:
        listed = "\n".join(f"  - {damage}" for damage in damages)
        super().__init__(
            f"The saved state in {folder} is damaged, so nothing is served and nothing was changed:\n{listed}\n"
            "Put the files back from a backup; or see what can be read with `auricle state check`, and go on from that "
            "with `auricle state restore`, which keeps the damaged files."
        )
        self.damages = tuple(damages)


class StateTooNew(LocalEnvironmentError):
    """Saved state was written by a later version."""

    def __init__(self, file: str, found: str) -> None:
        super().__init__(
            f"{file} was written by a later version ({found}), which this one cannot read. Nothing was changed: use "
            "that version of Auricle again, or set AURICLE_HOME to another folder."
        )


class StateTooOld(LocalEnvironmentError):
    """Saved state was written by a version before there was a journal."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The state in {folder} was written by an earlier version, in a format that this one does not read. "
            "Nothing was changed: use that version of Auricle again, or begin anew with another AURICLE_HOME."
        )
