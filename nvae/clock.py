"""Correction of files that are dated in the future, because the clock was wrong when they were written.

Snakemake compares dates first. A file dated tomorrow would count as newer than everything made or edited today, and a
job that reads it would fail.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

#: Upper bound on the difference between clocks of machines that share a disk, in seconds.
TOLERATED_S = 60.0
#: Date that is older than every input (the first day of 2000), in seconds since 1970.
LONG_AGO = 946_684_800


def redate_future_files(made: Iterable[Path], given: Iterable[Path]) -> int:
    """Change the dates of files that are dated in the future, so that Snakemake compares their checksums.

    Args:
        made: Files, and folders of files, that rules make. Their new date is long ago, so that every input is newer and
            the checksum of the input decides.
        given: Files that rules only read. Their new date is now.

    Returns:
        Number of files whose date was changed.
    """
    now = time.time()
    count = 0
    for tops, date in ((made, LONG_AGO), (given, now)):
        for top in tops:
            for path in [top, *top.rglob("*")]:
                # A concurrent run may remove a file.
                with suppress(FileNotFoundError):
                    if path.is_file() and path.stat().st_mtime > now + TOLERATED_S:
                        os.utime(path, (date, date))
                        count += 1
    return count
