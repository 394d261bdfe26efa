"""Removal of Snakemake's limit on jobs per second, which local runs do not need."""

from typing import Any

#: Versions of Snakemake, major and minor, whose scheduler keeps the limit in the attribute that is set here.
KNOWN_VERSIONS = ((9, 27),)


def lift_rate_limit(scheduler: Any, version: str) -> bool:
    """Remove the limit on jobs per second from Snakemake's scheduler.

    The limit is meant for clusters. For each finished job it makes the scheduler examine all ready jobs once more, a
    second later, which takes a tenth of two cores. No setting switches it off. It is kept in a private attribute, so
    it is left as it is in versions in which the removal has not been tested.

    Args:
        scheduler: Snakemake's job scheduler.
        version: Version of Snakemake.

    Returns:
        Whether the limit was lifted.

    >>> lift_rate_limit(object(), "10.0.1")
    False
    """
    major, minor, *_ = version.split(".")
    if (int(major), int(minor)) not in KNOWN_VERSIONS or not hasattr(scheduler, "job_rate_limiter"):
        return False
    scheduler.job_rate_limiter = None
    return True
