"""Fixtures: real tools, started once where that is safe, and nothing left of them afterwards."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from support import guest as test_guest
from support.browser import chromium, chromium_path
from support.lab import jupyterlab
from support.libvirtd import Daemon, libvirtd
from support.notebook import END_KERNELS, Show, show_panel
from support.process import SEARCH_PATH

expect.set_options(timeout=30_000)  # milliseconds: a busy machine is slow, and nothing is measured
STATE = tempfile.TemporaryDirectory(prefix="nb-state-")


def pytest_configure() -> None:
    """Let a polite request to end run the fixtures' clean-up, as Ctrl-C does; keep nothing among the person's files."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ["XDG_STATE_HOME"] = STATE.name
    os.environ["XDG_CACHE_HOME"] = f"{STATE.name}/cache"


def pytest_unconfigure() -> None:
    """Forget what was kept."""
    STATE.cleanup()


def need(available: object, what: str) -> None:
    """Skip the test when the machine lacks something; fail it where everything was to be installed."""
    if available:
        return
    reason = f"{what} is not on this machine; ./nb test installs it"
    if os.environ.get("CI") == "true" or os.environ.get("NB_STRICT"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """Return an empty directory that every user may enter, with a name short enough for sockets."""
    # Not tmp_path, which is closed to the user who runs the hypervisor.
    path = Path(tempfile.mkdtemp(prefix="nb-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def guest() -> Path:
    """Return the directory of the test guest's vmlinuz and initrd.gz."""
    need(test_guest.KERNEL.exists() and test_guest.INITRD.exists(), "the test guest")
    return test_guest.KERNEL.parent


@pytest.fixture(scope="session")
def accelerator(guest: Path) -> test_guest.Accelerator:  # noqa: ARG001  # it boots the guest
    """Return "kvm" where a guest truly boots on it, else "tcg"."""
    need(shutil.which("qemu-system-x86_64"), "QEMU")
    return test_guest.accelerator()


@pytest.fixture(scope="session")
def running_daemon(scratch: Path) -> Iterator[Daemon]:
    """Return the session's libvirtd, as it is: for fixtures that outlive one test. Tests use ``daemon``."""
    need(shutil.which("libvirtd", path=SEARCH_PATH) and shutil.which("qemu-system-x86_64"), "libvirtd with QEMU")
    with libvirtd(scratch / "daemon") as started:
        yield started


@pytest.fixture
def daemon(running_daemon: Daemon) -> Iterator[Daemon]:
    """Return the session's libvirtd with no domain on it; those the test leaves are destroyed and undefined."""
    yield running_daemon
    running_daemon.clear()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory that JupyterLab shows."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def lab(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a JupyterLab, for one module."""
    with jupyterlab(root, tmp_path_factory.mktemp("lab")) as base:
        yield base


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Return a headless Chromium, for one module: while it runs, asyncio cannot be used beside it."""
    need(chromium_path(), "Chromium")
    with chromium(tmp_path_factory.mktemp("profile")) as context:
        yield context


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """Return an empty page; a script that fails in it fails the test."""
    errors: list[str] = []
    opened = browser.new_page()
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.wait_for_timeout(100)
    # What a kernel still sends from its threads while it is ended may reach the page garbled.
    failed = list(errors)
    opened.evaluate(END_KERNELS)
    opened.close()
    assert not failed


@pytest.fixture
def show(page: Page, lab: str, root: Path) -> Show:
    """Return what runs a cell that ends with a panel, and waits until the panel has read its host."""

    def run(cell: str) -> Page:
        show_panel(page, lab, root, cell)
        return page

    return run
