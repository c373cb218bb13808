"""What may stand between braces in a template: names, loops, choices and a few filters, and nothing else.

A template comes from whoever has a staff account, so nothing in it may reach Python, and nothing may make it
run without end: every expression is checked against a short list before it is compiled, an attribute is a key
of the content and never an attribute of an object, and loops lie within each other only so far that a large
round is still written in seconds.
"""

from __future__ import annotations

import re
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment

FILTERS = ("default", "first", "join", "last", "length", "lower", "trim", "upper")
TESTS = ("defined", "even", "none", "odd", "undefined")
DEEPEST_LOOP = 3
_LOOP_WORDS = frozenset({"first", "index", "index0", "last", "length", "revindex"})
_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Name, nodes.Const),
    *(nodes.Getattr, nodes.Getitem, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Add, nodes.Sub, nodes.Concat, nodes.CondExpr, nodes.Filter, nodes.Test),
)
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class TemplateLanguage(SandboxedEnvironment):
    """A Jinja environment in which only the allowed things compile."""

    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined, finalize=_printable)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _check(tree, ())
        return tree

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of the content, or where in its loop a row is."""
        if isinstance(obj, LoopContext) and attribute in _LOOP_WORDS:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of the content, or a place in a list."""
        try:
            if isinstance(obj, dict) or (isinstance(obj, list) and isinstance(argument, int)):
                return obj[argument]
        except (LookupError, TypeError):
            pass
        return self.undefined(obj=obj, name=argument)


def _check(node: nodes.Node, around: tuple[tuple[str, str], ...]) -> None:
    """Refuse whatever is not on the list.

    Parameters
    ----------
    around : the loops around it, from outside: the name of the row, and what the list begins with.
    """
    if not isinstance(node, _ALLOWED) or (isinstance(node, nodes.Name) and node.name == "self"):
        raise TemplateSyntaxError(f"not allowed: {type(node).__name__.lower()}", node.lineno)
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        raise TemplateSyntaxError(f"not allowed: {node.name}", node.lineno)
    if isinstance(node, nodes.For):
        around = (*around, _checked_loop(node, around))
    for child in node.iter_child_nodes():
        _check(child, around)


def _checked_loop(loop: nodes.For, around: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    """A loop within others goes over a list of their rows; the second also over another list of the whole."""
    root: nodes.Node = loop.iter
    while isinstance(root, nodes.Getattr | nodes.Getitem):
        root = root.node
    is_plain = isinstance(loop.target, nodes.Name) and loop.test is None and not loop.recursive
    if isinstance(root, nodes.Name) and isinstance(loop.target, nodes.Name) and is_plain:
        rows, lists = {row for row, _ in around}, {of for _, of in around}
        is_second = len(around) == 1 and root.name not in lists
        if not around or is_second or (root.name in rows and len(around) < DEEPEST_LOOP):
            return loop.target.name, root.name
    raise TemplateSyntaxError("not allowed: loop", loop.lineno)


def _printable(value: Any) -> Any:
    """None prints nothing, and what XML cannot hold is left out."""
    if value is None:
        return ""
    return _NOT_IN_XML.sub("", value) if type(value) is str else value
