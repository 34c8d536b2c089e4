"""What reading and writing a definition costs beside plain lxml, and what touching its fields adds.

Over the definitions named as arguments, else over the profiles. Each document is timed in turns, best of several.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from lxml import etree

import phyllome_nb as ph
from phyllome_nb.xml.part import entries

ROUNDS = 7


def plain(text: str) -> str:
    """The floor: parse and write."""
    return str(etree.tostring(etree.fromstring(text.encode()), encoding="unicode"))


def typed(text: str) -> str:
    """Through a DomainSpec."""
    return ph.DomainSpec.from_xml(text).to_xml()


def touched(text: str) -> str:
    """Through a DomainSpec, with two fields changed."""
    spec = ph.DomainSpec.from_xml(text)
    spec.memory.maximum = ph.Size("7 GiB")
    spec.vcpus.maximum = 3
    return spec.to_xml()


def best(work: Callable[[str], str], text: str) -> float:
    """Seconds, the best of several."""
    times = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        work(text)
        times.append(perf_counter() - begun)
    return min(times)


def main(files: list[str]) -> None:
    """Print the median of the ratios to the floor."""
    profiles = (ph.profiles.linux(name="a"), ph.profiles.linux(name="b", disk="/b.qcow2"))
    texts = [Path(file).read_text("utf-8") for file in files] or [spec.to_xml() for spec in profiles]
    floors = [best(plain, text) for text in texts]
    print(f"{len(texts)} definitions, {median(floors) * 1e6:.0f} µs each for plain lxml, {fields()} fields declared")
    for name, work in {"DomainSpec": typed, "DomainSpec, two fields changed": touched}.items():
        ratios = [best(work, text) / floor for text, floor in zip(texts, floors, strict=True)]
        print(f"{median(ratios):6.2f} ×  {name}")
    spec = ph.DomainSpec.from_xml(texts[0])
    begun = perf_counter()
    for _ in range(10_000):
        _ = spec.memory.maximum
    print(f"{(perf_counter() - begun) * 100:6.1f} µs  spec.memory.maximum")


def fields() -> int:
    """How many fields there are."""
    return sum(1 for _ in entries(ph.DomainSpec))


if __name__ == "__main__":
    main(sys.argv[1:])
