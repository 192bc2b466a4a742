"""The codes that a page can be refused with, read from the sources: what pages refer to, and what that refers to.

Wider than what happens: whoever refers to a function may never call it, or not in the way that is refused.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import gateway
from gateway import errors
from gateway.web.install import PAGES

Name = tuple[str, str]  # module, top-level name; "" for what a module does by itself
_ROOT = Path(gateway.__file__).parent
_ERRORS = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.GatewayError)}


class Sources:
    """The gateway's modules, their top-level names, and who refers to whom."""

    def __init__(self) -> None:
        self.modules = {_module(path): ast.parse(path.read_text()) for path in sorted(_ROOT.rglob("*.py"))}
        self.parts: dict[Name, list[ast.stmt]] = defaultdict(list)
        for module, tree in self.modules.items():
            for statement in tree.body:
                for name in _named(statement):
                    self.parts[module, name].append(statement)
        self.imported = {module: self._imports(tree) for module, tree in self.modules.items()}

    def met_by_pages(self) -> dict[str, set[str]]:
        """By code: the kinds of error that a page can meet it with."""
        found: dict[str, set[str]] = defaultdict(set)
        for name in self._reached:
            for kind, code in self._codes(name):
                found[code].add(kind)
        return found

    @cached_property
    def _reached(self) -> set[Name]:
        pages = {page.__name__ for page in PAGES}
        waiting = [name for name in self.parts if name[0] in pages]
        reached = set(waiting)
        while waiting:
            for other in self._refers(waiting.pop()):
                if other in self.parts and other not in reached:
                    reached.add(other)
                    waiting.append(other)
        return reached

    def _refers(self, name: Name) -> Iterator[Name]:
        module = name[0]
        for node in self._nodes(name):
            if isinstance(node, ast.Name):
                yield self.imported[module].get(node.id, (module, node.id))
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                whole = ".".join(filter(None, self.imported[module].get(node.value.id, ())))
                yield whole, node.attr

    def _codes(self, name: Name) -> Iterator[tuple[str, str]]:
        """Those it raises; of a code that is a parameter, those that are passed by what is reached."""
        for node in self._nodes(name):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ERRORS):
                continue
            code = node.args[0]
            if isinstance(code, ast.Constant):
                yield node.func.id, str(code.value)
            elif isinstance(code, ast.Name):
                for passed in self._passed(name, code.id):
                    yield node.func.id, passed
            else:
                yield node.func.id, ast.unparse(code)

    def _passed(self, name: Name, parameter: str) -> Iterable[str]:
        function = next((one for one in self.parts[name] if isinstance(one, ast.FunctionDef)), None)
        arguments = [one.arg for one in function.args.args] if function else []
        if function is None or parameter not in arguments:
            return {parameter}
        place = arguments.index(parameter)
        given = {str(one.value) for one in function.args.defaults if isinstance(one, ast.Constant)}
        for caller in self._reached:
            for node in self._nodes(caller):
                if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name[1]:
                    given |= {str(one.value) for one in node.args[place : place + 1] if isinstance(one, ast.Constant)}
        return given

    def _nodes(self, name: Name) -> Iterator[ast.AST]:
        for part in self.parts[name]:
            yield from ast.walk(part)

    def _imports(self, tree: ast.Module) -> dict[str, Name]:
        found: dict[str, Name] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    whole = f"{node.module}.{one.name}"
                    found[one.asname or one.name] = (whole, "") if whole in self.modules else (node.module, one.name)
        return found


def _module(path: Path) -> str:
    return ".".join(path.relative_to(_ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


def _named(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return [one.id for one in targets if isinstance(one, ast.Name)] or [""]
