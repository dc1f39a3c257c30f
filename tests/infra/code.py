"""The code, walked: what each function's handler can come to, without running it.

Walked by names, so it errs on the side of too much: what is only mentioned counts as called.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from infra.bundling import DOMAIN, FUNCTIONS

ROOTS = (FUNCTIONS, DOMAIN)
WIRING = "auricle.bootstrap"
"""Names every port: who is walked through it would come to all of them."""
COLLECTION = "records"
"""Records of any kind are one port, under whatever name: whoever asks for one may do all that it offers."""


_MODULE = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass
class Module:
    """One first-party module: its functions and classes, what its names stand for, what it imports."""

    name: str
    tree: ast.Module
    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    names: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """A name in the module: the module it comes from, and its name there (None for a module itself)."""

    @property
    def outer(self) -> list[ast.stmt]:
        """What runs when the module is imported."""
        return [each for each in self.tree.body if not isinstance(each, _DEFINITIONS)]


def path_of(module: str) -> Path | None:
    """The file of a first-party module; None for any other."""
    for root in ROOTS:
        path = root.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return file
    return None


@cache
def module(name: str) -> Module | None:
    path = path_of(name)
    if path is None:
        return None
    found = Module(name, ast.parse(path.read_text(encoding="utf-8")))
    for each in found.tree.body:
        if isinstance(each, _DEFINITIONS):
            found.definitions[each.name] = each
    for node in imports(found.tree):
        if isinstance(node, ast.Import):
            found.names |= {each.asname or each.name.split(".")[0]: (each.name, None) for each in node.names}
        elif node.module:
            for asked in node.names:
                inner = f"{node.module}.{asked.name}"
                found.names[asked.asname or asked.name] = (inner, None) if path_of(inner) else (node.module, asked.name)
    return found


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """Imports that happen, at the top or within functions: not those for types alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def named(tree: ast.AST) -> Iterator[str]:
    """First-party modules that stand there as text: what is loaded by its name, when it is first needed."""
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and _MODULE.fullmatch(value) and path_of(value):
            yield value


@cache
def ports() -> dict[str, frozenset[str]]:
    """What the wiring offers, and what each may be asked: by the protocol it is wired as."""
    wiring, protocols = module(WIRING), module("auricle.ports")
    assert wiring is not None
    assert protocols is not None
    (bootstrap,) = (each for each in wiring.definitions.values() if each.__dict__.get("name") == "Bootstrap")
    assert isinstance(bootstrap, ast.ClassDef)
    offered = {
        each.name: protocols.definitions[each.returns.id]
        for each in bootstrap.body
        if isinstance(each, ast.FunctionDef)
        and isinstance(each.returns, ast.Name)
        and each.returns.id in protocols.definitions
    }
    return {name: frozenset(_methods(protocol, protocols)) for name, protocol in offered.items()}


def _methods(protocol: ast.stmt, protocols: Module) -> Iterator[str]:
    """Methods of the protocol, and of those of the module that it extends."""
    assert isinstance(protocol, ast.ClassDef)
    yield from (each.name for each in ast.walk(protocol) if isinstance(each, ast.FunctionDef))
    for base in protocol.bases:
        if isinstance(base, ast.Name) and base.id in protocols.definitions:
            yield from _methods(protocols.definitions[base.id], protocols)


def imported(start: str) -> tuple[set[str], dict[str, set[str]]]:
    """First-party modules that `start` imports or names, directly or not; and others' top-level names, and who asks."""
    seen, others = set[str](), dict[str, set[str]]()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        found = module(name)
        if name in seen or found is None:
            continue
        seen.add(name)
        parents = name.split(".")
        waiting += [".".join(parents[:length]) for length in range(1, len(parents))]
        waiting += named(found.tree)
        for node in imports(found.tree):
            asked = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            if isinstance(node, ast.ImportFrom):
                asked += [f"{node.module}.{each.name}" for each in node.names]
            for target in asked:
                if path_of(target):
                    waiting.append(target)
                elif path_of(target.split(".")[0]) is None:
                    others.setdefault(target.split(".")[0], set()).add(name)
    return seen, others


def port_calls(*entries: tuple[str, str]) -> set[str]:
    """What is called of the ports, as `objects.erase`, from these (module, name) on."""
    calls, seen = set[str](), set[tuple[str, str]]()
    waiting = list(entries)
    while waiting:
        entry = waiting.pop()
        found = module(entry[0])
        if entry in seen or found is None or entry[0] == WIRING:
            continue
        seen.add(entry)
        definition = found.definitions.get(entry[1])
        # A name that is no definition is a value the module makes when it is imported.
        for node in [each for part in ([definition] if definition else found.outer) for each in ast.walk(part)]:
            if isinstance(node, ast.Attribute):
                owner = node.value
                holder = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", None)
                if node.attr in ports().get(holder or "", ()):
                    calls.add(f"{holder}.{node.attr}")
                elif node.attr == COLLECTION and holder != "event":  # a stream's event has records, too
                    calls.add(COLLECTION)
                if isinstance(owner, ast.Name) and found.names.get(owner.id, ("", ""))[1] is None:
                    waiting.append((found.names.get(owner.id, ("", None))[0], node.attr))
            elif isinstance(node, ast.Name):
                if node.id in found.definitions:
                    waiting.append((found.name, node.id))
                elif node.id in found.names:
                    origin, name = found.names[node.id]
                    waiting.append((origin, name or ""))
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [(node.module, each.name) for each in node.names if path_of(node.module)]
    return calls


def entries(function: str) -> list[tuple[str, str]]:
    """Where a function's code begins: its handler, and what declares itself by a decorator, as routes do."""
    found = [(f"{function}.handler", "lambda_handler"), (f"{function}.handler", "")]
    for name in imported(f"{function}.handler")[0]:
        inside = module(name)
        if inside and name.split(".")[0] == function:
            found += [
                (name, each.name)
                for each in inside.definitions.values()
                if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) and each.decorator_list
            ]
    return found
