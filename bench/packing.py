"""Placement beside first-fit decreasing and nova's filter-and-weigh order, over made-up fleets by seed.

Hosts are unequal, in two to six dimensions; VMs are flavours with a heavy tail, some with sizes of their own, some kept
apart; planted ones are hosts cut into VMs without a rest, so that the best possible is known. What is given is the
median over the seeds: hosts used above the bound (or above the known best), and seconds.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from phyllome_nb.capacity.packing.clock import Clock
from phyllome_nb.capacity.packing.pack import pack
from phyllome_nb.capacity.packing.problem import Problem

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.packings import cloud, planted

SEEDS = (1, 2, 3)
DEADLINE = 5
PATIENCE = 30.0
"""Seconds after which a peer is given up."""


def items_of(problem: Problem) -> np.ndarray:
    """Each VM, the larger ones first."""
    items = np.repeat(np.arange(len(problem.counts)), problem.counts)
    size = (problem.sizes / problem.unit).sum(axis=1)
    return items[np.argsort(-size[items], kind="stable")]


def one_by_one(problem: Problem, choose: Callable[[np.ndarray, np.ndarray], int], order: np.ndarray) -> int | None:
    """Hosts used where each VM is placed for itself; None where that takes too long. Groups are kept apart.

    There are twice as many hosts as for us, so that all find a place.
    """
    free = np.vstack([problem.capacities, problem.capacities])
    held: dict[int, set[int]] = {}
    group_of = {shape: number for number, group in enumerate(problem.spread) for shape in group}
    begun = time.perf_counter()
    used = np.zeros(len(free), bool)
    for number, shape in enumerate(order.tolist()):
        if number % 256 == 0 and time.perf_counter() - begun > PATIENCE:
            return None
        fits = (free >= problem.sizes[shape] - problem.slack).all(axis=1)
        if shape in group_of:
            fits[list(held.get(group_of[shape], ()))] = False
        if not fits.any():
            return None
        at = choose(fits, free)
        free[at] -= problem.sizes[shape]
        used[at] = True
        if shape in group_of:
            held.setdefault(group_of[shape], set()).add(at)
    return int(used.sum())


def first_fit(problem: Problem) -> int | None:
    """First-fit decreasing, a VM at a time."""
    return one_by_one(problem, lambda fits, _free: int(np.argmax(fits)), items_of(problem))


def nova(problem: Problem) -> int | None:
    """The order of nova: VMs as they come, hosts that pass the filters, weighed by what is free (spread)."""
    order = np.random.default_rng(0).permutation(items_of(problem))

    def choose(fits: np.ndarray, free: np.ndarray) -> int:
        some = free[fits]
        low, high = some.min(axis=0), some.max(axis=0)
        weight = ((some - low) / np.where(high > low, high - low, 1)).sum(axis=1)
        return int(np.flatnonzero(fits)[np.argmax(weight)])

    return one_by_one(problem, choose, order)


def gap(used: int | None, bound: int) -> float | None:
    """In percent."""
    return None if used is None else 100 * (used - bound) / bound


def shown(values: list[float | None]) -> str:
    """The median; where it was given up, so many times."""
    known = [each for each in values if each is not None]
    text = f"{statistics.median(known):6.2f} %" if known else "       –"
    return text + (f" ({len(values) - len(known)} × too late)" if len(known) < len(values) else "")


def row(name: str, made: list[tuple[Problem, int | None]], *, peers: bool = True) -> None:
    """Print one kind of fleet."""
    ours, firsts, novas, times, bounds = [], [], [], [], []
    for problem, known in made:
        begun = time.perf_counter()
        packed = pack(problem, Clock(DEADLINE, None))
        times.append(time.perf_counter() - begun)
        certificate = packed.certificate
        bound = known or certificate.bound
        bounds.append(f"{certificate.used}/{bound}")
        ours.append(gap(certificate.used if certificate.what == "hosts used" else None, bound))
        if peers:
            firsts.append(gap(first_fit(problem), bound))
            novas.append(gap(nova(problem), bound))
    took = f"in {statistics.median(times):5.2f} s, {max(times):5.2f} at most"
    print(f"  {name:44} {shown(ours)}  {took}   {', '.join(bounds)}", flush=True)
    if peers:
        print(f"  {'':44} first-fit decreasing {shown(firsts)}; nova's order {shown(novas)}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="the small ones only")
    quick = parser.parse_args().quick
    print(f"Hosts used above the lower bound, deadline {DEADLINE} s, median of {len(SEEDS)} seeds; used/bound of each")
    for vms, hosts in ((1_000, 20), (10_000, 200), (100_000, 2_000))[: 1 if quick else 3]:
        peers = vms <= 10_000
        for dims, custom, groups in ((2, 0.0, 0), (4, 0.0, 0), (2, 0.3, 0), (6, 0.0, vms // 100)):
            what = f"{vms:,} VMs, {hosts:,} hosts, {dims} dimensions"
            what += f", {custom:.0%} custom" if custom else f", {groups} groups apart" if groups else ""
            row(what, [(cloud(seed, vms, hosts, dims, custom, groups), None) for seed in SEEDS], peers=peers)
    print("Hosts used above the planted optimum")
    for kind in ("flavours", "mixed", "random"):
        number = 1_000 if quick else 10_000
        row(f"{number:,} VMs, hosts cut without a rest, {kind}", [planted(seed, number, 3, kind) for seed in SEEDS])


if __name__ == "__main__":
    main()
