"""The one exception that a user is meant to read."""


class UserError(Exception):
    """Bad input, told in one line: what, what was got, what is expected, how to mend it.

    The command line prints it without a traceback and exits with code 2. Signs that a terminal would obey instead of
    showing them are written out.

    Args:
        what: the thing that is wrong, named as the user wrote it (a key, a path, an option).
        got: the value or state that was found.
        expected: what would have been accepted.
        hint: one sentence that says what to do.

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
        shown = (sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in line)
        super().__init__("".join(shown))
