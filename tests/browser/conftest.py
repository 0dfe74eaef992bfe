"""A served reference city and a headless Chromium looking at it."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from holdfast.app.sample_city import create_sample_city
from holdfast.model.city import City
from holdfast.web import server

FLAGS = (
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb",
)
PATIENCE = 90.0  # seconds; software rendering on a loaded machine is slow


@dataclass
class Watched:
    """A page with everything it asked for and complained about."""

    page: Any
    origin: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def wait(self, expression: str) -> Any:
        """Poll until a JavaScript expression is true. The page's security policy forbids the usual way of waiting."""
        end = time.monotonic() + PATIENCE
        while not (value := self.page.evaluate(expression)):
            assert time.monotonic() < end, f"waited {PATIENCE} s for {expression}; complaints: {self.complaints}"
            time.sleep(0.1)
        return value

    def settle(self) -> None:
        """Wait until everything asked for is drawn."""
        time.sleep(0.3)
        self.wait("!!(window.__ready && window.__ready())")
        time.sleep(0.3)


@pytest.fixture(scope="session")
def anlan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    city = create_sample_city(str(tmp_path_factory.mktemp("browser") / "anlan"), assets=2500, seed=7)
    yield city
    city.close()


@contextmanager
def served(city: City) -> Iterator[str]:
    """The address of a city's page while it is served."""
    if not (server.PAGE / "index.html").is_file():
        pytest.skip("the page is not built (make setup)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = uvicorn.Server(uvicorn.Config(server.create_app(city), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def serving() -> Callable[[City], AbstractContextManager[str]]:
    """For tests with a city of their own."""
    return served


@pytest.fixture(scope="session")
def address(anlan: City) -> Iterator[str]:
    with served(anlan) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not installed (deploy/bootstrap.sh test-tools)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, headless=True, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def visit(browser: Any) -> Callable[..., AbstractContextManager[Watched]]:
    """Opens the page at an address, in a window of its own: visit(address, width=, height=, locale=)."""

    @contextmanager
    def opened(address: str, width: int = 1100, height: int = 700, locale: str = "en-GB") -> Iterator[Watched]:
        context = browser.new_context(viewport={"width": width, "height": height}, locale=locale)
        page = context.new_page()
        seen = Watched(page, address)
        context.on("request", lambda request: seen.requests.append(request.url))
        context.on("console", lambda message: seen.complaints.append(message.text) if message.type in ("error", "warning") else None)
        context.on("weberror", lambda error: seen.complaints.append(str(error.error)))
        page.goto(address)
        seen.settle()
        yield seen
        context.close()

    return opened


@pytest.fixture
def watched(visit: Callable[..., AbstractContextManager[Watched]], address: str) -> Iterator[Watched]:
    with visit(address) as seen:
        yield seen
