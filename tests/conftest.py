"""Fixtures of every test. What a run starts, it starts once: see tests/support/."""

import os
import signal
from collections.abc import Callable, Generator, Iterator
from typing import Any

import environ
import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import TransactionTestCase

from tests.servers.launch import Server, running
from tests.support import budget, order
from tests.support.browser import running_browser
from tests.support.database import empty_the_tables
from tests.support.services import Facts, Services, ServicesOfTheController, sweep
from tests.support.threads import run_threads as run_threads_together

SERVICES = pytest.StashKey[Any]()


# ── The run ──────────────────────────────────────────────────────────────────────────────────────


def pytest_addoption(parser: pytest.Parser) -> None:
    budget.add_option(parser)


@pytest.hookimpl(trylast=True)  # when all marks are set
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    budget.choose(config, items)
    order.long_ones_first(items)


@pytest.hookimpl(optionalhook=True, wrapper=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """One worker more than cores in a whole run: journeys wait for mails, sweeps and browsers."""
    cores = yield
    return cores if config.getoption("within") else cores + 1


def pytest_configure(config: pytest.Config) -> None:
    worker_input = getattr(config, "workerinput", None)  # None: this is the controller
    config.stash[SERVICES] = (
        ServicesOfTheController(worker_input["services"]) if worker_input else Services()
    )
    if not worker_input:
        sweep()
        signal.signal(signal.SIGTERM, interrupt)  # as by Ctrl-C: what was started is ended
        config.pluginmanager.register(budget.Notebook(config))


def interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist whom to ask."""
    services = node.config.stash[SERVICES]
    if not hasattr(node.config, "services_address"):
        node.config.services_address = services.listen()
    node.workerinput["services"] = node.config.services_address


def pytest_unconfigure(config: pytest.Config) -> None:
    services = config.stash.get(SERVICES, None)
    if isinstance(services, Services):
        services.stop()


@pytest.fixture(scope="session")
def services(pytestconfig: pytest.Config) -> Any:
    return pytestconfig.stash[SERVICES]


# ── Database ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def django_db_setup(services: Any, django_db_blocker: Any) -> Iterator[None]:
    """In place of pytest-django's: a clone of the run's migrated database."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    address = environ.Env.db_url_config(services.database(worker)["url"])
    # One dict for all threads: each makes its connections by it.
    django_settings.DATABASES["default"].update(address, CONN_MAX_AGE=0)
    connections.settings["default"].update(address, CONN_MAX_AGE=0)
    connections["default"].settings_dict.update(address, CONN_MAX_AGE=0)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", empty_the_tables)
        yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def run_threads(transactional_db: None) -> Callable[[int, Callable[[int], Any]], list[Any]]:
    """run_threads(n, function): see tests/support/threads.py."""
    return run_threads_together


# ── Outside parties ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def redis_server(services: Any) -> Facts:
    """A real Redis, one a run: {"url": "redis://…"}."""
    facts: Facts = services.redis()
    return facts


@pytest.fixture(scope="session")
def name_server() -> Iterator[Server]:
    """A name server of this worker's own, for DNS and its faults: see tests/servers/README.md."""
    with running("name_server") as server:
        yield server


@pytest.fixture(scope="session")
def identity_provider() -> Iterator[Server]:
    """An identity provider of this worker's own."""
    with running("identity_provider") as server:
        yield server


@pytest.fixture(scope="session")
def sms_provider() -> Iterator[Server]:
    """An SMS provider of this worker's own, speaking Twilio Verify."""
    with running("sms_provider") as server:
        yield server


# ── Browser ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, one a worker; each test makes a context of its own: browser.new_context()."""
    with running_browser() as browser:
        yield browser


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty tab of a browser without a past."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


# ── People and organizations ─────────────────────────────────────────────────────────────────────


@pytest.fixture
def sign_in() -> Callable[..., Any]:
    """sign_in(client, user, "password", "otp"): see tests/support/signing_in.py."""
    from tests.support.signing_in import sign_in as sign_a_person_in  # noqa: PLC0415  needs the apps

    return sign_a_person_in


@pytest.fixture
def acme(db: None) -> Any:
    """An enterprise organization whose owner is ann@corp.example (acme.owner)."""
    from tests.factories import MembershipFactory, OrganizationFactory  # noqa: PLC0415  needs the apps

    organization = OrganizationFactory(name="Acme", plan="enterprise")
    membership = MembershipFactory(
        organization=organization,
        role="owner",
        source="founder",
        user__email="ann@corp.example",
        user__first_name="Ann",
        user__last_name="Archer",
    )
    organization.owner = membership.user
    organization.owner_membership = membership
    return organization


@pytest.fixture
def organization(acme: Any) -> Any:
    """The same, by its plain name."""
    return acme


@pytest.fixture
def ann(acme: Any) -> Any:
    """Acme's owner."""
    return acme.owner
