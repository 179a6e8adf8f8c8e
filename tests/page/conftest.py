"""A browser, and where the page is."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.server import Server

from .chat_page import ChatPage
from .stub import Stub

CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = Path("/usr/bin/chromedriver")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=800,900",
)


@pytest.fixture
def stub() -> Iterator[Stub]:
    """The stand-in, for tests in which the server does something unusual."""
    server = Stub()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real assistant with the demo content."""
    folder = tmp_path_factory.mktemp("page")
    database = f"sqlite:///{folder / 'page.db'}"
    server = Server(
        folder / "server.log", {"DATABASE_URL": database, "DEMO": "1", "SIMULATOR": "1"}
    )
    server.cli("init")
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["program", "stub"])
def base_url(request: pytest.FixtureRequest) -> str:
    """Where the page is: the ordinary tests run against the real program and the stand-in."""
    url: str = request.getfixturevalue(request.param).url
    return url


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    """One Chromium for all tests; each test has a chat of its own."""
    missing = [str(path) for path in (CHROMIUM, CHROMEDRIVER) if not path.exists()]
    if missing:
        reason = f"the page's tests need {' and '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = Chrome(_options(profile), Service(str(CHROMEDRIVER)))
        yield driver
        driver.quit()


def _options(profile: str) -> ChromeOptions:
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return options


@pytest.fixture
def page(browser: Chrome, base_url: str) -> Iterator[ChatPage]:
    """A fresh chat at ``base_url``; no error may reach the console."""
    chat_page = ChatPage(browser, base_url, f"test-{uuid.uuid4().hex}")
    yield chat_page
    chat_page.leave()
    assert chat_page.complaints() == []


@pytest.fixture
def stub_page(browser: Chrome, stub: Stub) -> Iterator[ChatPage]:
    """A fresh chat at the stand-in, whatever ``base_url`` is."""
    chat_page = ChatPage(browser, stub.url, f"test-{uuid.uuid4().hex}")
    yield chat_page
    chat_page.leave()
    assert chat_page.complaints() == []
