"""Files that are dated in the future, because the clock was wrong when they were written.

Snakemake goes by time first: what is dated tomorrow would pass for newer than all that is made or edited today, and a
job that reads it would fail.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

#: Clocks of machines that share a disk differ by less.
TOLERATED_S = 60.0
#: Older than every input (the first day of 2000).
LONG_AGO = 946_684_800


def redate_future_files(made: Iterable[Path], given: Iterable[Path]) -> int:
    """Give files that are dated in the future another date, with which Snakemake compares their bytes.

    Args:
        made: files, and folders of files, that rules make. They are dated long ago: any input is newer, and then it is
            the input's checksum that counts.
        given: files that rules only read. They are dated now.

    Returns:
        How many there were.
    """
    now = time.time()
    count = 0
    for tops, date in ((made, LONG_AGO), (given, now)):
        for top in tops:
            for path in [top, *top.rglob("*")]:
                # A run that is at work beside this one may take a file away.
                with suppress(FileNotFoundError):
                    if path.is_file() and path.stat().st_mtime > now + TOLERATED_S:
                        os.utime(path, (date, date))
                        count += 1
    return count
