"""Reading of YAML with the scalars of version 1.2, as DVC reads and writes them, and with limits on its content."""

import re
from collections import Counter
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from nvae.errors import UserError

#: Tags of scalars, and the texts that are such scalars: the core schema of YAML 1.2, and the further forms of numbers
#: that DVC accepts (underscores, binary integers, signs of hexadecimal and octal integers). An integer comes first,
#: because it is also a float.
_SCALARS = {
    "tag:yaml.org,2002:bool": r"true|True|TRUE|false|False|FALSE",
    "tag:yaml.org,2002:int": r"(?!_)[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9_]+)",
    "tag:yaml.org,2002:float": (
        r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9_]+)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
    ),
}
_MERGE = "tag:yaml.org,2002:merge"
#: Largest number of values in a file; a value counts each time that an alias refers to it. The project's own files have
#: a few thousand.
_MOST_VALUES = 100_000


class _CarefulLoader(yaml.SafeLoader):
    """A safe loader that refuses aliases that multiply, and keys that are given twice.

    The default loader would keep the last value of such a key. It would also read scalars by YAML 1.1, in which
    ``1e-05`` is text, ``off`` is false, and ``010`` is 8.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012
        **{
            first: [(tag, pattern) for tag, pattern in known if tag not in _SCALARS]
            for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
        },
        None: [(tag, re.compile(f"({form})$")) for tag, form in _SCALARS.items()],  # tried for any first character
    }

    def get_single_node(self) -> yaml.Node | None:
        """Return the root node of the document, after checking its number of values."""
        node = super().get_single_node()
        if node is not None and _values(node, {}) > _MOST_VALUES:
            raise yaml.YAMLError(f"more than {_MOST_VALUES:,} values, if each use of an alias counts")
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping from its node, after checking that each key is unique."""
        # `<<`, YAML's merge key, is resolved later; a key of a merged mapping may be overridden on purpose.
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != _MERGE]
        counts = Counter(key for key in keys if isinstance(key, Hashable))
        twice = sorted(str(key) for key, count in counts.items() if count > 1)
        if twice:
            raise yaml.MarkedYAMLError(problem=f"the key {twice[0]} is given twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """Build an integer from its node; a leading zero has no meaning."""
        text = str(self.construct_scalar(node)).replace("_", "")
        number = int(text, 10 if text.lstrip("-+").isdecimal() else 0)
        if abs(number) >= 1 << 63:
            raise yaml.MarkedYAMLError(problem="an integer of more than 63 bits", problem_mark=node.start_mark)
        return number


_CarefulLoader.add_constructor("tag:yaml.org,2002:int", _CarefulLoader.construct_yaml_int)


def _values(node: yaml.Node, known: dict[int, int | None]) -> int:
    """Return the number of values in a node, itself included.

    Args:
        node: Node of the document.
        known: Counts of the nodes visited before, by id; None while a node is being counted.
    """
    if id(node) not in known:
        known[id(node)] = None
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_values(part, known) for part in parts)
    found = known[id(node)]
    if found is None:
        raise yaml.MarkedYAMLError(problem="a value that contains itself", problem_mark=node.start_mark)
    return found


def parse_yaml(text: str) -> Any:
    """Return the content of a YAML text in which no key is given twice, and which constructs no Python objects.

    Raises:
        YAMLError: If the text is no YAML, or has too many values.
    """
    try:
        return yaml.load(text, Loader=_CarefulLoader)
    except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError, RecursionError) as error:
        raise yaml.YAMLError(str(error)) from error  # conversions by Python fail in these ways


def read_yaml(path: Path, *, what: str, option: str) -> Any:
    """Read a YAML file as :func:`parse_yaml` does.

    Args:
        path: Path of the file.
        what: Description of the content, for the error message.
        option: Option of the command line that sets the path, for the error message.

    Raises:
        UserError: If the file is missing, no YAML, or has too many values.
    """
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = f"Run from the project's root or pass {option}."
        raise UserError(what, got=f"no file {path}", expected="a YAML file", hint=hint) from None
    except OSError as error:
        raise UserError(str(path), got=error.strerror, expected="a YAML file", hint="Correct the path.") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise UserError(str(path), got=f"invalid YAML ({error})", expected="YAML", hint="Correct the file.") from None
