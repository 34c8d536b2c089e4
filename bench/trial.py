"""What a trial costs beside the libvirt calls that it makes, over the profiles."""

from statistics import median
from time import perf_counter

import phyllome_nb as ph
from phyllome_nb.host.embed import embedded
from phyllome_nb.host.trial import trial

ROUNDS = 10


def main() -> None:
    """Print the times."""
    specs = [getattr(ph.profiles, name)(name="a", type="qemu") for name in ph.profiles.__all__ if name != "reasons"]
    begun = perf_counter()
    result = trial(specs[0])
    print(f"the first trial, QEMU asked what it can do: {perf_counter() - begun:.1f} s")
    if not result.tried:
        print(result)
        return
    whole, calls = [], []
    private = embedded(None)
    for spec in specs * ROUNDS:
        begun = perf_counter()
        result = trial(spec)
        whole.append(perf_counter() - begun)
        begun = perf_counter()
        answer = private.ask(60, ask="define", xml=spec.to_xml(), validate=True)
        if "stored" in answer:
            stored = ph.DomainSpec.from_xml(answer["stored"])
            for interface in list(stored.devices.interfaces):
                stored.devices.interfaces.remove(interface)
            private.ask(60, ask="native", xml=stored.to_xml())
        calls.append(perf_counter() - begun)
    whole.sort()
    print(f"then, {len(specs)} profiles {ROUNDS} times: median {median(whole) * 1e3:.1f} ms, "
          f"95 % within {whole[int(len(whole) * 0.95)] * 1e3:.1f} ms")  # fmt: skip
    print(
        f"{median(whole) / median(calls):.2f} × define, read, undefine and native alone ({median(calls) * 1e3:.1f} ms)"
    )


if __name__ == "__main__":
    main()
