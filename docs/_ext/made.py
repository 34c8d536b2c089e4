"""A Sphinx extension: the reference from the declarations, and the notebooks, executed."""

from pathlib import Path
from typing import Any

from reference import pages
from tutorials import execute

__all__ = ["setup"]


def setup(app: Any) -> dict[str, bool]:
    """Have both made before Sphinx looks which pages there are."""
    app.add_config_value("execute_notebooks", default=True, rebuild="")
    app.connect("builder-inited", _make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _make(app: Any) -> None:
    source = Path(app.srcdir)
    made = {source / f"reference/generated/{name}.md": text for name, text in pages().items()}
    for path, text in made.items():
        _write(path, text)
    # The dashboard is left out: it is an application, and opens the host of whoever builds the site.
    notebooks = sorted((source.parent / "notebooks").glob("[0-9]*.ipynb"))
    for stale in {path.name for path in (source / "tutorials").glob("*.ipynb")} - {path.name for path in notebooks}:
        (source / "tutorials" / stale).unlink()
    for notebook in notebooks:
        _write(source / "tutorials" / notebook.name, execute(notebook, run=bool(app.config.execute_notebooks)))


def _write(path: Path, text: str) -> None:
    """What has not changed is left, so that Sphinx need not read it again."""
    if not path.is_file() or path.read_text("utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
