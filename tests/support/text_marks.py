"""Finds, in the source, texts that a person reads but that nothing can translate."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import landseg_core
import landseg_gui

MARKS = {"N_", "tr"}
"""What marks a text: its first argument is the template."""

CARRIERS = {"Notice", "ItemFailed"}
"""What brings a text from the core to the user, besides the errors; the first argument is the text."""

SETTERS: dict[str, tuple[int, ...]] = {
    "info": (0,),
    "warning": (0,),
    "error": (0,),
    "show_offer": (0, 1),
    "show_failure": (1,),
    "choose": (1, 2, 3),
    "Problem": (0,),
    "start_in_background": (0,),
    "PlainLabel": (0,),
    "ElidedLabel": (0, 2),
    "QLabel": (0,),
    "QCheckBox": (0,),
    "QRadioButton": (0,),
    "QPushButton": (0, 1),
    "QGroupBox": (0,),
    "QToolBar": (0,),
    "QDockWidget": (0,),
    "QAction": (0, 1),
    "setText": (0, 1),
    "setTitle": (0,),
    "setIconText": (0,),
    "setToolTip": (0, 1),
    "setStatusTip": (0,),
    "setWindowTitle": (0,),
    "setPlaceholderText": (0,),
    "setInformativeText": (0,),
    "setDetailedText": (0,),
    "setPrefix": (0,),
    "setSuffix": (0,),
    "setSpecialValueText": (0,),
    "setHeaderLabels": (0,),
    "setHorizontalHeaderLabels": (0,),
    "addAction": (0, 1),
    "addMenu": (0, 1),
    "addTab": (1, 2),
    "addItem": (0, 1),
    "addItems": (0,),
    "addButton": (0,),
    "addRow": (0,),
    "add_section": (0,),
    "add_field": (2, 4),
    "ask_project_path": (1,),
    "pick_file": (0, 1),
    "pick_folder": (0,),
    "pick_new_file": (0, 1),
    "getExistingDirectory": (1,),
    "getOpenFileName": (1, 3),
    "getOpenFileNames": (1, 3),
    "getSaveFileName": (1, 3),
    "ActionRow": (2, 6, 7),
    "SubMenu": (2,),
    "ToolSpec": (1, 4, 5),
    "DockRow": (1,),
    "Preset": (0, 2),
}
"""What shows a text in the window, and which of its arguments are texts."""

SETTER_KEYWORDS = {"text", "title", "toolTip", "statusTip", "windowTitle", "placeholderText", "tip", "hint", "short"}
"""Properties and fields that are texts wherever they are set."""


@dataclass(frozen=True)
class Module:
    """The syntax tree of a file; `name` is its path from the root of the repository."""

    name: str
    tree: ast.Module

    def at(self, node: ast.expr, problem: str) -> str:
        """Say in one line what is wrong with a node, and where it is."""
        return f"{self.name}:{node.lineno}: {problem}: {ast.unparse(node)[:100]}"

    def calls(self) -> Iterator[ast.Call]:
        """Yield all calls."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def modules_of(package: str) -> list[Module]:
    """Return the modules of `landseg_core` or `landseg_gui`."""
    folder = Path({"landseg_core": landseg_core, "landseg_gui": landseg_gui}[package].__file__).parent
    return [
        Module(path.relative_to(folder.parent).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(folder.rglob("*.py"))
    ]


def faulty_marks(module: Module) -> Iterator[str]:
    """Yield the calls of `N_` and `tr` whose template a translator could not see or fill in."""
    for call in module.calls():
        if name_of(call) in MARKS and (problem := _problem_of_mark(call)):
            yield module.at(call, problem)


def _problem_of_mark(call: ast.Call) -> str:
    keywords = {keyword.arg or "**": keyword.value for keyword in call.keywords}
    templates = [*call.args, *(value for name, value in keywords.items() if name == "one")]
    texts = [node.value for node in templates if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if len(call.args) != 1 or len(texts) != len(templates):
        return "the template is no literal"
    if _fields(*texts) != keywords.keys() - {"n", "one"}:
        return "fields and values differ"
    if ("%n" in texts[0]) != ("n" in keywords) or ("one" in keywords and "n" not in keywords):
        return "the number is not shown, or not given"
    return ""


def _fields(*templates: str) -> set[str]:
    """Return the names in braces; an attribute of a value counts as the value."""
    parsed = (field for template in templates for _, field, _, _ in string.Formatter().parse(template))
    return {field.split(".")[0].split("[")[0] for field in parsed if field is not None}


def error_names(modules: list[Module]) -> set[str]:
    """Return the names of `LandsegError` and of the classes that are made from it."""
    bases = {
        node.name: {_name(base) for base in node.bases}
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
    }
    names = {"LandsegError"}
    while found := {name for name, made_from in bases.items() if made_from & names} - names:
        names |= found
    return names


def bare_carriers(module: Module, errors: set[str]) -> Iterator[str]:
    """Yield the errors and notices that are made with a sentence that is not marked."""
    for call in module.calls():
        if name_of(call) in errors | CARRIERS:
            yield from (module.at(text, "is not marked") for text in call.args[:1] if _is_bare(text))


def bare_setters(module: Module) -> Iterator[str]:
    """Yield the texts of the window that are not marked."""
    for call in module.calls():
        if _writes_log(call):
            continue
        positions = SETTERS.get(name_of(call), ())
        texts = [argument for index, argument in enumerate(call.args) if index in positions]
        texts += [keyword.value for keyword in call.keywords if keyword.arg in SETTER_KEYWORDS]
        yield from (module.at(text, "is not marked") for text in texts if _is_bare(text))


def _writes_log(call: ast.Call) -> bool:
    """Return whether a call is one of `log`, which the user does not read."""
    return isinstance(call.func, ast.Attribute) and _name(call.func.value) == "log"


def _is_bare(node: ast.expr) -> bool:
    """Return whether a text with letters, not a colour, is in the source itself and not in a mark."""
    match node:
        case ast.Constant(value=str(text)):
            return not text.startswith("#") and any(map(str.isalpha, text.replace("landseg", "")))
        case ast.JoinedStr(values=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts):
            return any(map(_is_bare, parts))
        case ast.BinOp(left=left, right=right) | ast.IfExp(body=left, orelse=right):
            return _is_bare(left) or _is_bare(right)
        case ast.BoolOp(values=values):
            return any(map(_is_bare, values))
        case ast.Call(func=ast.Attribute(value=text, attr="format" | "join")):
            return _is_bare(text)
    return False


def name_of(call: ast.Call) -> str:
    """Return the name of what is called, without what it is taken from."""
    return _name(call.func)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
