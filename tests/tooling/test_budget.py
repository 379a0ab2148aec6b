"""What `make test-fast` chooses."""

from tests.support.budget import UNKNOWN_SECONDS, fitting

TAKEN = {"quick": 1.0, "middling": 2.0, "slow": 30.0}


def test_the_quickest_run_as_long_as_they_fit():
    assert fitting(list(TAKEN), taken=TAKEN, failed=set(), seconds=3) == {"quick", "middling"}
    assert fitting(list(TAKEN), taken=TAKEN, failed=set(), seconds=2.9) == {"quick"}


def test_what_failed_runs_whatever_it_takes():
    assert "slow" in fitting(list(TAKEN), taken=TAKEN, failed={"slow"}, seconds=1)


def test_new_tests_run_before_known_ones():
    names = [*TAKEN, "new"]

    assert fitting(names, taken=TAKEN, failed=set(), seconds=UNKNOWN_SECONDS) == {"new"}


def test_all_run_where_all_fit():
    assert fitting(list(TAKEN), taken=TAKEN, failed=set(), seconds=60) == set(TAKEN)
