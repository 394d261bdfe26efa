"""The limit on jobs per second is lifted only for versions of Snakemake for which this was tested."""

from types import SimpleNamespace

import pytest
from snakemake import __version__
from snakemake.scheduling.job_scheduler import JobScheduler

from nvae.forking.scheduler import KNOWN_VERSIONS, lift_rate_limit


def test_the_installed_version_has_the_limit_in_the_known_attribute() -> None:
    """If this fails after an upgrade, check whether the scheduler still reads the attribute, and add the version."""
    assert tuple(int(part) for part in __version__.split(".")[:2]) in KNOWN_VERSIONS
    assert "job_rate_limiter" in JobScheduler.__init__.__code__.co_names
    scheduler = SimpleNamespace(job_rate_limiter="a limit")
    assert lift_rate_limit(scheduler, __version__)
    assert scheduler.job_rate_limiter is None


@pytest.mark.parametrize("version", ["9.26.0", "9.28.3", "10.0.0"])
def test_an_untested_version_keeps_its_limit(version: str) -> None:
    scheduler = SimpleNamespace(job_rate_limiter="a limit")
    assert not lift_rate_limit(scheduler, version)
    assert scheduler.job_rate_limiter == "a limit"


def test_a_scheduler_without_the_attribute_is_not_changed() -> None:
    scheduler = SimpleNamespace()
    assert not lift_rate_limit(scheduler, __version__)
    assert vars(scheduler) == {}
