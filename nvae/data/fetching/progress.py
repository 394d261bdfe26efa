"""One progress display for transfers: a bar on a terminal, a few plain lines in a log."""

import sys
import time
from types import TracebackType
from typing import Self

from tqdm import tqdm

LINE_EVERY_S = 10.0
"""Seconds between two plain lines: a log of a long transfer stays readable."""


class Progress:
    """Counts transferred bytes on standard error. Used in a ``with`` statement.

    Args:
        label: what is transferred.
        total: bytes that are due; None if the sender does not tell.
        done: bytes that were there before, from an earlier run.
    """

    def __init__(self, label: str, *, total: int | None, done: int = 0) -> None:
        self._label, self._total, self._done = label, total, done
        self._next_line = time.monotonic() + LINE_EVERY_S
        self._bar = None
        if sys.stderr.isatty():
            self._bar = tqdm(desc=label, total=total, initial=done, unit="B", unit_scale=True, leave=False)

    def update(self, n_bytes: int) -> None:
        """Count ``n_bytes`` more."""
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
