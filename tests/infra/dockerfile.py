"""What a Dockerfile of ours says, instruction by instruction, and the file tree that it makes of a folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.bundling import IMAGES


@dataclass(frozen=True)
class Dockerfile:
    """Instructions in order: their word and what follows it, with continued lines joined."""

    instructions: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, image: str) -> Dockerfile:
        """Of `infra/images/{image}`."""
        lines = (IMAGES / image / "Dockerfile").read_text(encoding="utf-8").splitlines()
        text = "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))
        joined = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
        return cls(tuple((line.split()[0], line.split(maxsplit=1)[1]) for line in joined))

    def all(self, word: str) -> list[str]:
        return [rest for found, rest in self.instructions if found == word]

    @property
    def base(self) -> str:
        (image,) = self.all("FROM")
        return image

    @property
    def environment(self) -> dict[str, str]:
        """As the last instruction leaves it; variables of the base image stay as they are written."""
        return dict(pair.split("=", 1) for rest in self.all("ENV") for pair in shlex.split(rest))

    @property
    def user(self) -> str | None:
        return next(iter(self.all("USER")[-1:]), None)

    @property
    def system_packages(self) -> set[str]:
        """What apt installs."""
        commands = (command for rest in self.all("RUN") for command in rest.split("&&") if "apt-get install" in command)
        return {word for command in commands for word in command.split()[2:] if not word.startswith("-")}

    def lay_out(self, context: Path, root: Path) -> None:
        """Copies from the context to `root` what COPY copies, with the modes that it gives; stages are left out."""
        for rest in self.all("COPY"):
            words = rest.split()
            options = {word.split("=")[0]: word.split("=")[1] for word in words if word.startswith("--")}
            *sources, target = (word for word in words if not word.startswith("--"))
            if "--from" in options or target == ".":
                continue
            into = root / re.sub(r"[${}]", "", target).lstrip("/")  # a variable of the base image is its own name
            for source in sources:
                shutil.copytree(context / source, into, dirs_exist_ok=True)
            if "--chmod" in options:
                for path in (into, *into.rglob("*")):
                    path.chmod(int(options["--chmod"], 8))


def paths_of(image: str, context: Path) -> Iterator[Path]:
    """What the image's COPY instructions name and the context lacks."""
    for rest in Dockerfile.of(image).all("COPY"):
        if "--from" in rest:
            continue
        *sources, _ = (word for word in rest.split() if not word.startswith("--"))
        yield from (context / source for source in sources if not (context / source).exists())


def is_root() -> bool:
    return os.geteuid() == 0
