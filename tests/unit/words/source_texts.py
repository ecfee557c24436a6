"""Every English text in the package's source that a reader may meet as an error, found by reading the source."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

import causalcx.core

PACKAGE = Path(causalcx.core.__file__).parent.parent
TEMPLATES = {"Message"}
"""Calls, beside raised errors, whose first argument is a template with named gaps."""
PYTHONS_OWN = {
    name for name, found in vars(builtins).items() if isinstance(found, type) and issubclass(found, BaseException)
}
WHOLE_MODULES = ("core/consistency.py", "core/effect_sizes.py", "core/money_rules.py")
"""Modules whose every text is part of a problem's sentence."""


def templates() -> dict[str, str]:
    """Template to the place where it stands."""
    called = {
        _text(call.args[0]): f"{file.relative_to(PACKAGE)}:{call.lineno}"
        for file, tree in _modules()
        for call in (*_calls(tree, TEMPLATES), *_raised(tree))
        if call.args and _is_text(call.args[0])
    }
    return called | dict(_columns_templates())


def _columns_templates() -> Iterator[tuple[str, str]]:
    """Templates that travel through a variable before an error takes them: those that name a column."""
    for file, tree in _modules():
        for node in ast.walk(tree):
            if _is_text(node) and "`{column}`" in _text(node):
                yield _text(node), f"{file.relative_to(PACKAGE)}:{node.lineno}"


def phrases() -> dict[str, str]:
    """Ready-made phrases (of ValueErrors in core, and of the money rules) with samples in place of their gaps."""
    found: dict[str, str] = {}
    for file, tree in _modules():
        name = str(file.relative_to(PACKAGE))
        if not name.startswith("core/") or name == "core/moments.py":
            continue
        nodes = [
            c.args[0] for c in _calls(tree, {"ValueError", "chosen_by_shape", "chosen_by", "wrong_shape"}) if c.args
        ]
        if name in WHOLE_MODULES:
            nodes += list(_texts_in_tuples_and_returns(tree))
        found |= {
            _sample(n): f"{name}:{n.lineno}"
            for n in nodes
            if isinstance(n, (ast.Constant, ast.JoinedStr)) and _sample(n)
        }
    return found


def codes(call: str) -> dict[str, str]:
    """Literal codes (``name=`` or ``code=``) of records made in the source, with their places."""
    keyword = {"Check": "name", "Notice": "code"}[call]
    return {
        node.value.value: f"{file.relative_to(PACKAGE)}:{c.lineno}"
        for file, tree in _modules()
        for c in _calls(tree, {call})
        for node in c.keywords
        if node.arg == keyword and isinstance(node.value, ast.Constant)
    }


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        yield file, ast.parse(file.read_text(encoding="utf-8"))


def _calls(tree: ast.Module, names: set[str]) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) in names)


def _raised(tree: ast.Module) -> Iterator[ast.Call]:
    """Errors of our own; Python's own classes are faults, not messages (ValueErrors of core are phrases)."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Raise)
            and isinstance(node.exc, ast.Call)
            and _called(node.exc) not in PYTHONS_OWN | {"NotBuilt", "wrong_shape"}
        ):
            yield node.exc


def _called(call: ast.Call) -> str:
    return (
        call.func.id
        if isinstance(call.func, ast.Name)
        else call.func.attr
        if isinstance(call.func, ast.Attribute)
        else ""
    )


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) else ""


def _sample(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) and " " in node.value else ""
    assert isinstance(node, ast.JoinedStr)
    parts = [v.value if isinstance(v, ast.Constant) else f"[{i}]" for i, v in enumerate(node.values)]
    text = "".join(str(p) for p in parts)
    return text if " " in text else ""


def _texts_in_tuples_and_returns(tree: ast.Module) -> Iterator[ast.expr]:
    docstrings = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    inner = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Constant, ast.JoinedStr))
            and id(node) not in docstrings | inner
            and len(_sample(node)) > 2
        ):
            yield node
