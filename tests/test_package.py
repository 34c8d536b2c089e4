"""The front door: what it offers, and what opening it costs."""

import subprocess
import sys
from pathlib import Path

import pytest

import phyllome_nb as ph

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_every_public_name_is_listed_sorted_and_there() -> None:
    """``__all__`` is sorted, every name of it can be had, and ``dir`` shows nothing else."""
    assert ph.__all__ == sorted(ph.__all__)
    assert dir(ph) == ph.__all__
    assert all(getattr(ph, name) is not None for name in ph.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name is refused as Python refuses one."""
    assert not hasattr(ph, "Domainspec")


def test_importing_it_loads_no_library_draws_nothing_and_opens_nothing() -> None:
    """The import is silent, starts no thread, and leaves libvirt, pandas and matplotlib for later."""
    heavy = {"libvirt", "pandas", "numpy", "matplotlib", "ipywidgets", "lxml"}
    code = f"import phyllome_nb, sys, threading; print(sorted({heavy} & set(sys.modules)), threading.active_count())"
    assert _run(code) == "[] 1\n"


def test_using_it_does_not_load_matplotlib() -> None:
    """A chart is drawn by matplotlib; where none is drawn, it is not loaded."""
    code = """
import phyllome_nb as ph, sys
host = ph.demo()
ph.DomainPanel(host)
host.snapshot()._repr_html_()
print("matplotlib" in sys.modules)
"""
    assert _run(code) == "False\n"


@pytest.mark.parametrize("use", ["ph.demo()", "ph.connect()", "ph.Host", "ph.HostPanel"])
def test_where_libvirt_lacks_one_sentence_says_what_to_install(use: str) -> None:
    """What needs libvirt names the packages that its Python module is built from; definitions need none of it."""
    code = f"""
import sys
sys.modules["libvirt"] = None
import phyllome_nb as ph
spec = ph.profiles.linux(name="web")
spec.findings(), spec.snippet("memory"), ph.fields()
try:
    {use}
except ImportError as error:
    print(error)
"""
    said = _run(code)
    assert said.startswith("libvirt's Python module cannot be loaded (")
    for line in ("apt install gcc pkg-config python3-dev libvirt-dev", "dnf install gcc python3-devel libvirt-devel"):
        assert f"`{line}`" in said
        assert line in README
    assert said.count(".\n") == 1


def _run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout
