"""What `import phyllome_nb` costs beside the libraries it stands on, and what its names cost when they are used.

Each import runs in a fresh interpreter, several times, in turns; the smallest total of ``-X importtime`` counts.
"""

import re
import subprocess
import sys

FLOOR = "import pandas, ipywidgets, lxml.etree, libvirt"
CASES = {
    FLOOR: FLOOR,
    "import phyllome_nb": "import phyllome_nb",
    "… and every public name": "import phyllome_nb as ph; [getattr(ph, name) for name in ph.__all__]",
    "… and a panel on the sample host": "import phyllome_nb as ph; ph.DomainPanel(ph.demo())",
}
ROUNDS = 5


def milliseconds(code: str) -> float:
    """The time that all imports of `code` took."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    return sum(int(own) for own in re.findall(r"import time:\s+(\d+) \|", done.stderr)) / 1000


def main() -> None:
    """Print a line a case, with its ratio to the floor."""
    best = dict.fromkeys(CASES, float("inf"))
    for _ in range(ROUNDS):
        for name, code in CASES.items():
            best[name] = min(best[name], milliseconds(code))
    for name, took in best.items():
        print(f"{took:8.1f} ms  {took / best[FLOOR]:5.2f} ×  {name}")


if __name__ == "__main__":
    main()
