"""A JupyterLab that sees none of the user's configuration."""

import contextlib
import http
import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from support.process import end, free_port, until

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
    env: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run JupyterLab until the block ends; yield its address, which asks for no token.

    Parameters
    ----------
    root
        The directory it shows; kernels start in the directory of their notebook.
    scratch
        Where it keeps its own files; its log is ``jupyterlab.log`` there.
    theme
        As JupyterLab names it: "JupyterLab Light" or "JupyterLab Dark".
    env
        Variables for it and its kernels, such as LIBVIRT_DEFAULT_URI.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    write_settings(scratch / "settings", theme)
    environment = os.environ | {name: str(scratch / place) for name, place in PLACES.items()} | dict(env or {})
    port, log = free_port(), scratch / "jupyterlab.log"
    # fmt: off
    options = [
        "--no-browser", "--allow-root", "--expose-app-in-browser",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={root}",
    ]
    # fmt: on
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"JupyterLab ended at once:\n{log.read_text()}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/api")
            return connection.getresponse().status == http.HTTPStatus.OK
        return False

    try:
        until(answers, 60, "JupyterLab to answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        end(process)
