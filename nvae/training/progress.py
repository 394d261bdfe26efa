"""Progress of a long run: a bar on a terminal, occasional lines in a log."""

import sys
import time

from tqdm import tqdm

from nvae.errors import printable

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Report of completed epochs, the latest validation bound, speed and remaining time, on standard error.

    The report is a bar if standard error is a terminal. Otherwise it is at most one line every ten seconds: concurrent
    jobs, whose output Snakemake's rule copies to a log, would overwrite each other's bars.

    Args:
        title: Name of the run.
        total: Total number of epochs.
        done: Number of epochs that an earlier, interrupted run completed.
    """

    def __init__(self, title: str, *, total: int, done: int = 0) -> None:
        self._title, self._total, self._done, self._first = printable(title), total, done, done
        self._start = self._last_line = time.monotonic()
        lines = not sys.stderr.isatty()
        self._bar = None if lines else tqdm(desc=self._title, total=total, initial=done, unit="epoch")
        if lines and done:
            self._print(f"resuming after epoch {done} of {total}")

    def advance(self, note: str) -> None:
        """Count one more epoch, and report it together with ``note``."""
        self._done += 1
        if self._bar is not None:
            self._bar.set_postfix_str(note)
            self._bar.update()
            return
        now = time.monotonic()
        if now - self._last_line >= _SECONDS_BETWEEN_LINES or self._done == self._total:
            self._last_line = now
            left = (now - self._start) / (self._done - self._first) * (self._total - self._done)
            self._print(f"epoch {self._done}/{self._total}, {note}, {left:.0f} s left")

    def close(self) -> None:
        """End the line of the bar."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _print(self, text: str) -> None:
        print(f"{self._title}: {text}", file=sys.stderr, flush=True)
