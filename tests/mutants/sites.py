"""What can be changed in the domain and the API, and a seeded sample of it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators import provider
from cosmic_ray.operators.operator import Operator

from tests.mutants import operators

DOMAIN = Path("layers/auricle/python/auricle")
API = Path("functions/api")
# Of the replacements that cosmic-ray knows for one operator, those that are near to it: `==` into `>=` fails at once
# wherever text is compared, and would only raise the rate.
_NEAR = {
    "ReplaceComparisonOperator": (
        "Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Is_IsNot IsNot_Is"
    ).split(),
    "ReplaceBinaryOperator": (
        "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_FloorDiv Pow_Mul BitOr_BitAnd BitAnd_BitOr "
        "LShift_RShift RShift_LShift"
    ).split(),
    "ReplaceUnaryOperator": ["Delete_Not", "USub_UAdd"],
}
_WHOLE = (
    "AddNot ReplaceTrueWithFalse ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd ReplaceBreakWithContinue "
    "ReplaceContinueWithBreak ExceptionReplacer NumberReplacer RemoveDecorator ZeroIterationForLoop"
).split()


@dataclass(frozen=True)
class Site:
    """One change at one place of one module."""

    module: Path
    operator: type[Operator]
    occurrence: int
    first_line: int
    last_line: int

    @property
    def package(self) -> str:
        """What the rate is told by: a package of the domain, its single modules together, or the API."""
        if self.module.is_relative_to(API):
            return "api"
        parts = self.module.relative_to(DOMAIN).parts
        return parts[0] if len(parts) > 1 else "auricle"

    @cached_property
    def changed(self) -> str | None:
        try:
            text: str | None = mutate_code(self.module.read_text(), self.operator(), self.occurrence)
        except AttributeError:  # cosmic-ray replaces no exception whose name has a dot in it
            return None
        return text

    @property
    def difference(self) -> str:
        """The lines that change: `before -> after`."""
        before, after = self.module.read_text().splitlines(), (self.changed or "").splitlines()
        while before and after and before[0] == after[0]:
            del before[0], after[0]
        while before and after and before[-1] == after[-1]:
            del before[-1], after[-1]
        return " -> ".join(" ".join(line.strip() for line in lines) for lines in (before, after))

    def __str__(self) -> str:
        return f"{self.module.as_posix()}:{self.first_line} {self.operator.__name__}: {self.difference}"


def modules() -> list[Path]:
    """The modules of the domain and the API, but for the examples of its document."""
    found = [path for root in (DOMAIN, API) for path in sorted(root.rglob("*.py"))]
    return [path for path in found if path != API / "examples.py"]


def sites(module: Path) -> Iterator[Site]:
    text = module.read_text()
    nodes = list(ast_nodes(get_ast(text)))
    skipped, signatures = _lines_without_behaviour(text), _signatures(text)
    for operator in _operators():
        binary = "Binary" in operator.__name__  # the star of a signature is no multiplication
        positions = [position for node in nodes for position in operator().mutation_positions(node)]
        for occurrence, ((first, _), (last, _)) in enumerate(positions):
            if not skipped.intersection(range(first, last + 1)) and not (binary and first in signatures):
                yield Site(module, operator, occurrence, first, last)


def _operators() -> list[type[Operator]]:
    known: Mapping[str, type[Operator]] = provider._OPERATORS
    near = [known[f"{family}_{name}"] for family, names in _NEAR.items() for name in names]
    return [*near, *(known[name] for name in _WHOLE), *operators.ALL]


def _lines_without_behaviour(text: str) -> set[int]:
    """Lines of annotations, of what only a type checker or a reader reads, of caches, and of protocols."""
    lines: set[int] = set()

    def skip(node: ast.AST | None) -> None:
        if isinstance(node, ast.expr | ast.stmt):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if ast.unparse(decorator) in {"cache", "overload", "runtime_checkable", "staticmethod"}:
                    skip(decorator)
        elif isinstance(node, ast.ClassDef) and not _says_nothing(node):
            for decorator in node.decorator_list:
                skip(decorator)  # frozen and slots: what a careless edit would show, mypy shows
        elif isinstance(node, ast.keyword) and node.arg in _FOR_READERS:
            skip(node.value)
        elif _says_nothing(node):
            skip(node)
    return lines


_FOR_READERS = {"description", "summary", "responses", "tags", "json_schema_extra", "openapi_extra"}
"""What routes and models say in the OpenAPI document alone."""


def _signatures(text: str) -> set[int]:
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {line for function in functions for line in range(function.lineno, function.body[0].lineno)}


def _says_nothing(node: ast.AST) -> bool:
    """Whether running it changes nothing that a test could see."""
    match node:
        case ast.AnnAssign(value=None):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.ClassDef(bases=bases):
            return any(ast.unparse(base).startswith("Protocol") for base in bases)
        case ast.Assign() | ast.AnnAssign():
            return "TypeVar" in ast.unparse(node)
    return False


def sample(seed: int, count: int, among: Sequence[Path]) -> list[Site]:
    """As many of each package as its size asks for, and at least 30, or all it has."""
    random = Random(seed)
    by_package: dict[str, list[Site]] = defaultdict(list)
    for module in among:
        for site in sites(module):
            by_package[site.package].append(site)
    total = sum(map(len, by_package.values()))
    chosen: list[Site] = []
    for _, candidates in sorted(by_package.items()):
        random.shuffle(candidates)
        share = max(min(30, count), round(count * len(candidates) / total))
        chosen += _with_an_effect(candidates, share)
    random.shuffle(chosen)  # so that a run that is cut short has seen some of every package
    return chosen


def _with_an_effect(candidates: Sequence[Site], wanted: int) -> list[Site]:
    """The first that change what is compiled: an annotation on one line with a value is code like any other."""
    found: list[Site] = []
    for site in candidates:
        if len(found) == wanted:
            break
        if site.changed is not None and _compiled(site.changed) != _compiled(site.module.read_text()):
            found.append(site)
    return found


def _compiled(text: str) -> str:
    """The code without its annotations, which nothing here reads at run time but by name."""

    class Strip(ast.NodeTransformer):
        def visit_arg(self, node: ast.arg) -> ast.arg:
            node.annotation = None
            return node

        def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:  # ast's name
            node.returns = None
            self.generic_visit(node)
            return node

        def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
            node.annotation = ast.Constant("")
            self.generic_visit(node)
            return node

    try:
        return ast.dump(Strip().visit(ast.parse(text)))
    except SyntaxError:
        return "no Python"
