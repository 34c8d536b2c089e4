"""How many virtual CPUs the guest has, and where they run."""

from typing import TYPE_CHECKING, Any

from phyllome_nb.domain.topology import HostShape, table
from phyllome_nb.errors import FieldError
from phyllome_nb.xml.fields import Choice, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part
from phyllome_nb.xml.path import Path

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Vcpu", "Vcpus"]

Against = Any
"""A host, which is asked for a snapshot, or a snapshot: this room knows neither."""

MOST = 4096
"""More vCPUs than any machine of QEMU's has."""
SYSTEM = "metadata/libosinfo:libosinfo/libosinfo:os/@id"
WINDOWS = "microsoft.com/win"


class Vcpu(
    Part,
    title="vCPU",
    doc="formatdomain.html#cpu-allocation",
    start={"id": 0, "enabled": True, "hotpluggable": False},
):
    """One vCPU: plugged in or not. Where one is named, all must be."""

    id = Integer("@id", help="The number of the vCPU, from 0. The first one must be enabled.")
    enabled = Switch("@enabled", "yes no", help="Whether it is plugged in when the guest boots.")
    hotpluggable = Switch("@hotpluggable", "yes no", help="Whether it can be unplugged again while the guest runs.")
    order = Integer("@order", 1, help="When it is plugged in at boot, 1 first. Leave it out where that is the same.")


class Vcpus(Part, title="vCPUs", doc="formatdomain.html#cpu-allocation"):
    """How many virtual CPUs the guest has, and where they run."""

    maximum = Integer(
        "vcpu",
        1,
        absent=1,
        help="The most virtual CPUs the guest can have. It must equal the product of the topology, where one is given.",
        qemu="-smp",
    )
    current = Integer(
        "vcpu/@current",
        1,
        help="How many of them are plugged in at boot; the others can be added while it runs. Left out, all are.",
        qemu="-smp",
    )
    placement = Choice(
        "vcpu/@placement",
        "static auto",
        help="static: the host schedules them freely, or on the CPUs named in cpuset. auto: numad chooses at start.",
    )
    cpuset = Text(
        "vcpu/@cpuset",
        help="The host CPUs that may run the guest, such as 0-3,8. Left out, all may.",
    )
    vcpus = Many("vcpus/vcpu", Vcpu)

    def topologies(self, count: int | None = None, against: "Against | None" = None) -> "pd.DataFrame":
        """Every valid way to arrange the vCPUs: those that match the host first, then the simplest.

        Parameters
        ----------
        count : int, optional
            How many vCPUs; as many as the VM can have where it is left out.
        against : Host or Snapshot, optional
            The host. Without one nothing is said to match.

        Returns
        -------
        pandas.DataFrame
            One row an arrangement, whose product is the count, with the columns

            ============================== ======= ==================================================
            sockets, dies, clusters        int64
            cores, threads                 int64
            fits_host                      boolean the host's processors are arranged so; NA where unknown
            note                           str     what speaks against it
            ============================== ======= ==================================================

            Dies are for x86. Clusters are listed where the host's libvirt is 10.1 or newer.

        Raises
        ------
        FieldError
            If the count cannot be read, or is none from 1 to 4096.

        Examples
        --------
        >>> from phyllome_nb.domain.spec import DomainSpec
        >>> DomainSpec("web").vcpus.topologies(2)[["sockets", "dies", "cores", "threads"]]
           sockets  dies  cores  threads
        0        1     1      2        1
        1        1     1      1        2
        2        1     2      1        1
        3        2     1      1        1
        """
        wanted = self.maximum if count is None else count
        if not 1 <= wanted <= MOST:
            raise FieldError(f"vcpus.topologies: {wanted!r} is no number of vCPUs from 1 to {MOST}.")
        host = None if against is None else _host(against)
        system, arch = (self._text(path) for path in (SYSTEM, "os/type/@arch"))
        version = [int(part) for part in (host.libvirt if host else "").split(".") if part.isdecimal()]
        names = {element.get("name") for element in self.__place__.all(Path.of("cpu/feature"))}
        return table(
            wanted,
            host,
            dies=arch in {"", "x86_64", "i686"},
            clusters=version >= [10, 1],
            most_sockets=2 if WINDOWS in system and "2k" not in system else None,
            topoext="topoext" in names,
        )

    def _text(self, path: str) -> str:
        """A text elsewhere in the definition; empty where there is none."""
        where = Path.of(path)
        element = self.__place__.find(where)
        return "" if element is None else element.get(where.attribute or "") or ""


def _host(against: "Against") -> HostShape:
    """The facts of a host, or of a snapshot of it."""
    snapshot = against.snapshot() if hasattr(against, "snapshot") else against
    host: HostShape = snapshot.host
    return host
