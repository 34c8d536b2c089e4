"""A JupyterLab, and a Voila, that see none of the user's configuration."""

import contextlib
import http
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from support.process import REPOSITORY, end, free_port, until

PLACES = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
}


def write_settings(settings: Path, theme: str) -> None:
    """Choose the theme, keep pop-ups away, and start a notebook's kernel without asking."""
    plugins = {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
        "apputils-extension/themes": {"theme": theme},
        "notebook-extension/tracker": {"autoStartDefaultKernel": True},
    }
    for plugin, values in plugins.items():
        file = settings / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


@contextlib.contextmanager
def jupyterlab(
    root: Path,
    scratch: Path,
    *,
    theme: str = "JupyterLab Light",
    token: str = "",
    env: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run JupyterLab until the block ends; yield its address. Where Notebook 7 is there, that is at it, too.

    Parameters
    ----------
    root
        The directory it shows; kernels start in the directory of their notebook.
    scratch
        Where it keeps its own files; its log is ``jupyterlab.log`` there.
    theme
        As JupyterLab names it: "JupyterLab Light" or "JupyterLab Dark".
    token
        What a visitor has to show; nothing where it is left out.
    env
        Variables for it and its kernels, such as LIBVIRT_DEFAULT_URI.
    """
    write_settings(scratch / "settings", theme)
    port = free_port()
    # fmt: off
    options = [
        "--no-browser", "--allow-root", "--expose-app-in-browser",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}",
        *(f"--{app}.app_settings_dir={REPOSITORY / 'scripts/lab'}" for app in ("LabApp", "JupyterNotebookApp")),
    ]
    # fmt: on
    with _served("jupyterlab", options, scratch, env, f"http://127.0.0.1:{port}/api"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def voila(notebook: Path, scratch: Path, token: str, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Show a notebook as an application until the block ends; yield its address, which asks for the token."""
    port = free_port()
    options = [str(notebook), "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}", f"--token={token}"]
    with _served("voila", options, scratch, env, f"http://127.0.0.1:{port}/"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def _served(module: str, options: list[str], scratch: Path, env: Mapping[str, str] | None, sign: str) -> Iterator[None]:
    """Run a server, from when it answers at the address `sign` until the block ends."""
    address = urlsplit(sign)
    scratch.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {name: str(scratch / place) for name, place in PLACES.items()} | dict(env or {})
    log = scratch / f"{module}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"{module} ended at once:\n{log.read_text()}")
        connection = http.client.HTTPConnection(address.netloc, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", address.path)
            return connection.getresponse().status < http.HTTPStatus.INTERNAL_SERVER_ERROR
        return False

    try:
        until(answers, 60, f"{module} to answer")
        yield
    finally:
        end(process)
