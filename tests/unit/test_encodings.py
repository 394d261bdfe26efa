"""Every text file is read and written as UTF-8, whatever the locale is.

Ruff's rule PLW1514 finds most calls without an encoding while one edits. This test also finds those on objects whose
type ruff cannot infer.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.pipeline.project import ROOT, project_files

TEXT_MODE = re.compile(r"[rwax+t]{1,3}")


def calls_without_encoding(source: str) -> Iterator[int]:
    """Yield the lines of calls that open a text file in the encoding of the locale."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and _is_text(call) and "encoding" not in [word.arg for word in call.keywords]:
            yield call.lineno


def _is_text(call: ast.Call) -> bool:
    """Return whether a call opens a text file."""
    given = [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args]
    name, is_method = (call.func.attr, True) if isinstance(call.func, ast.Attribute) else (_id(call.func), False)
    named = [getattr(word.value, "value", None) for word in call.keywords if word.arg == "mode"]
    if name in ("read_text", "write_text"):
        return is_method and len(given) == (name == "write_text")
    if name == "fdopen" or (name == "open" and not is_method):
        return "b" not in str([*named, *given[1:2]])
    if name == "open":  # of a path, whose first argument is the mode, or of an archive, whose members are binary
        modes = [str(mode) for mode in (named or given[:1] or ["r"])]
        return TEXT_MODE.fullmatch(modes[0]) is not None or any(mode in ("rt", "wt", "at") for mode in given[1:])
    if name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile"):
        return any(TEXT_MODE.fullmatch(str(mode)) for mode in (*named, *given[:1]))
    return name == "TextIOWrapper"


def _id(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def test_every_text_file_is_opened_with_its_encoding() -> None:
    sources = [path for path in project_files() if path.suffix == ".py"]
    assert len(sources) > 200
    found = {
        str(path.relative_to(ROOT)): lines
        for path in sources
        if (lines := list(calls_without_encoding(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.read_text()", True),
        ("(folder / 'a').write_text('text')", True),
        ("path.open()", True),
        ("path.open('w', newline='')", True),
        ("open(name)", True),
        ("open(name, mode='a')", True),
        ("tempfile.TemporaryFile('w+')", True),
        ("gzip.open(path, 'wt')", True),
        ("io.TextIOWrapper(stream)", True),
        ("path.read_text(encoding='utf-8')", False),
        ("path.read_text('utf-8')", False),
        ("path.write_text('text', encoding='utf-8')", False),
        ("read_text(path)", False),
        ("path.open('rb')", False),
        ("open(name, 'wb')", False),
        ("Image.open(path)", False),
        ("archive.open('member.npy')", False),
        ("archive.open('member.npy', 'w')", False),
        ("os.fdopen(descriptor, 'w')", True),
        ("os.fdopen(descriptor, 'wb')", False),
        ("tempfile.TemporaryFile()", False),
    ],
)
def test_a_missing_encoding_would_be_found(source: str, found: bool) -> None:
    assert list(calls_without_encoding(source)) == [1] * found
