"""Rules about vCPUs and their topology."""

from collections.abc import Iterator

from phyllome_nb.rules.case import Case
from phyllome_nb.rules.rule import Found, rule, setting

__all__: list[str] = []

VALIDATE = "libvirt 9.0: src/qemu/qemu_validate.c, qemuValidateDomainDef"


@rule("CPU001", "error", source=VALIDATE, libvirt="refuses")
def topology_makes_the_vcpus(case: Case) -> Iterator[Found]:
    """QEMU starts only where sockets × dies × clusters × cores × threads is the maximum of vCPUs."""
    given, vcpus = case.spec.cpu.topology, case.spec.vcpus.maximum
    makes = given.product()
    if case.is_qemu and makes is not None and vcpus is not None and makes != vcpus:
        fix = setting(f"Make it 1 socket, {vcpus} cores", given, sockets=1, dies=None, cores=vcpus, threads=1)
        yield Found(given, "", f"The topology makes {makes} vCPUs, but the VM has {vcpus}.", fix)
