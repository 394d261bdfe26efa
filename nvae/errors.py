"""The exception whose message is addressed to the user."""


class UserError(Exception):
    """Invalid input, reported in one line: the item, the value found, the value expected, and a hint.

    The command line prints it without a traceback and exits with code 2. Control characters are escaped, so that the
    terminal prints them instead of interpreting them.

    Args:
        what: Item that is wrong, named as the user wrote it (a key, a path, an option).
        got: Value or state that was found.
        expected: Value or state that would have been accepted.
        hint: One sentence that states what to do.

    >>> print(UserError("n_vae.class_weight", got=-1, expected="a number > 0", hint="Edit params.yaml."))
    n_vae.class_weight: got -1, expected a number > 0. Edit params.yaml.
    """

    def __init__(self, what: str, *, got: object, expected: str, hint: str) -> None:
        self.what = what
        self.got = got
        self.expected = expected
        self.hint = hint
        message = f"{what}: got {got}, expected {expected}. {hint}"
        line = " ".join(message.split())
        escaped = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
        super().__init__("".join(escaped))
