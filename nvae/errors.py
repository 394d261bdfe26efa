"""The exception whose message is addressed to the user, and the form of texts that a terminal prints as they are."""


def printable(text: object) -> str:
    r"""Return a text in one line, in which every character that a terminal would interpret is escaped.

    Whatever is printed and comes from a file, a server or the command line goes through this function.

    >>> printable("a\x1b[2J.csv\n")
    'a\\x1b[2J.csv\\n'
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text))


class UserError(Exception):
    """Invalid input, reported in one line: the item, the value found, the value expected, and a hint.

    The command line prints it without a traceback and exits with code 2. The message is :func:`printable`.

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
        super().__init__(printable(" ".join(message.split())))
