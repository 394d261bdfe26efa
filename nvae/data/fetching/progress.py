"""Progress display of a transfer: a bar on a terminal, a few plain lines in a log."""

import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

from nvae.errors import printable

LINE_EVERY_S = 10.0
"""Seconds between two plain lines, so that the log of a long transfer stays short."""


class Progress:
    """Display of the number of transferred bytes on standard error, for use in a ``with`` statement.

    Args:
        label: Name of the file that is transferred.
        total: Expected number of bytes; None if the sender does not state it.
        done: Number of bytes that an earlier run has transferred.
    """

    def __init__(self, label: str, *, total: int | None, done: int = 0) -> None:
        self._label, self._total, self._done = printable(label), total, done
        self._next_line = time.monotonic() + LINE_EVERY_S
        self._bar = None
        if sys.stderr.isatty():
            self._bar = tqdm(desc=self._label, total=total, initial=done, unit="B", unit_scale=True, leave=False)

    def update(self, n_bytes: int) -> None:
        """Add ``n_bytes`` to the count."""
        self._done += n_bytes
        if self._bar is not None:
            self._bar.update(n_bytes)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_EVERY_S
            of = f" of {self._total / 1e6:.1f}" if self._total else ""
            print(f"{self._label}: {self._done / 1e6:.1f}{of} MB", file=sys.stderr, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
