"""Every loss of one host of 1,000 that run 20,000 VMs, beside placing each VM of each lost host for itself."""

import sys
import time
from pathlib import Path

import numpy as np

import phyllome_nb as ph

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.packings import fleet

HOSTS, VMS = 1_000, 20_000


def first_fit(what_if: ph.Scenario) -> int:
    """How many losses first-fit decreasing survives, each VM placed for itself; of the others it proves nothing."""
    ledger = what_if.ledger
    free = ledger.limit - ledger.load()
    size = (ledger.sizes / ledger.limit.mean(axis=0)).sum(axis=1)
    survived = 0
    for lost in range(len(ledger.hosts)):
        left = free.copy()
        left[lost] = -1
        moving = np.flatnonzero(ledger.where == lost)
        for vm in moving[np.argsort(-size[moving], kind="stable")]:
            fits = (left >= ledger.sizes[vm]).all(axis=1)
            if not fits.any():
                break
            left[int(np.argmax(fits))] -= ledger.sizes[vm]
        else:
            survived += 1
    return survived


def main() -> None:
    """Print the figures."""
    for full in (0.8, 0.97, 1.1):
        what_if = ph.Scenario(fleet(1, HOSTS, VMS, full), "physical")
        vms = len(what_if.state.vms)
        begun = time.perf_counter()
        _ = what_if.ledger
        built = time.perf_counter() - begun
        begun = time.perf_counter()
        found = what_if.survives(deadline=None)
        took = time.perf_counter() - begun
        begun = time.perf_counter()
        peer = first_fit(what_if)
        slow = time.perf_counter() - begun
        ledger = what_if.ledger
        promised = (ledger.load().sum(axis=0) / ledger.limit.sum(axis=0))[ledger.names.index("memory")]
        good, open_ = int(found["survived"].sum()), int(found["survived"].isna().sum())
        print(f"{HOSTS:,} hosts, {vms:,} VMs, {promised:.0%} of all memory promised")
        print(f"  {good} losses survived, {len(found) - good - open_} not, {open_} undecided")
        print(f"  {took:.2f} s (goal 10), and {built:.2f} s to read the snapshot")
        print(f"  first-fit decreasing, VM by VM: {slow:.2f} s, {slow / took:.1f} x as long")
        print(f"  first-fit finds a place in {peer} of them, and proves nothing of the others")


if __name__ == "__main__":
    main()
