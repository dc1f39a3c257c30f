"""Changes that cosmic-ray does not know: something left out, as a careless edit would."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator

# zip's check that its arguments are equally long: it raises where the code around it is wrong, and only there.
_GUARD = "strict=True"

Position = tuple[tuple[int, int], tuple[int, int]]


class RemoveCallStatement(Operator):  # type: ignore[misc]  # cosmic-ray has no types
    """A call whose result nobody uses is not made."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type == "simple_stmt" and self._is_call(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    @staticmethod
    def _is_call(node: Any) -> bool:
        trailer = node.children[-1] if node.type in {"atom_expr", "power", "await_expr"} else None
        return trailer is not None and trailer.type == "trailer" and trailer.children[0].value == "("

    def mutate(self, node: Any, index: int) -> Any:  # cosmic-ray's signature
        node.children[0] = _code("pass", like=node.children[0])
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("def f():\n    g(1)\n", "def f():\n    pass\n"),)


class RemoveKeywordArgument(Operator):  # type: ignore[misc]
    """An argument that is given by name is not given, where more than one is."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        for argument in self._arguments(node):
            yield argument.start_pos, argument.end_pos

    @staticmethod
    def _arguments(node: Any) -> list[Any]:
        if node.type != "arglist" or node.parent.type != "trailer":
            return []
        given = [c for c in node.children if c.type == "argument" and getattr(c.children[1], "value", None) == "="]
        return [argument for argument in given if argument.get_code().strip() != _GUARD]

    def mutate(self, node: Any, index: int) -> Any:
        at = node.children.index(self._arguments(node)[index])
        comma_first = at + 1 == len(node.children)
        start = at - 1 if comma_first else at
        del node.children[start : start + 2]
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (
            Example("f(a, b=1, c=2)", "f(a, c=2)"),
            Example("f(a, b=1, c=2)", "f(a, b=1)", occurrence=1),
        )


class ReplaceReturnedValueWithNone(Operator):  # type: ignore[misc]
    """A function forgets what it found."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:
        if node.type == "return_stmt" and len(node.children) == 2 and node.children[1].get_code().strip() != "None":
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        return _code("return None", like=node)

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("def f():\n    return 1\n", "def f():\n    return None\n"),)


def _code(text: str, *, like: Any) -> Any:
    """The text as a node that stands where another stood."""
    node: Any = parso.parse(text).children[0]  # type: ignore[no-untyped-call]
    node.get_first_leaf().prefix = like.get_first_leaf().prefix
    return node


ALL: tuple[type[Operator], ...] = (RemoveCallStatement, RemoveKeywordArgument, ReplaceReturnedValueWithNone)
