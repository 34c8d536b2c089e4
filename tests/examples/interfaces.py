"""Rules about network interfaces."""

from examples.example import Example, before_11_3, host, machine
from phyllome_nb.capacity.facts import Claims, Network
from phyllome_nb.capacity.snapshot import DomainFacts

__all__ = ["EXAMPLES"]

SHARED = '<memoryBacking><source type="memfd"/><access mode="shared"/></memoryBacking>'
MAC = "52:54:00:11:22:33"
NEIGHBOUR = DomainFacts(
    "neighbour", "6695eb01-f6a4-8304-79aa-97f2502e193f", "shut off", True, False, claims=Claims(macs=frozenset({MAC}))
)
NETWORKS = host(networks=(Network("default", active=True), Network("lab", active=False)), session=False)


def card(kind: str = "user", inner: str = "", model: str = "virtio", vcpus: int = 1, top: str = "") -> str:
    """A machine with a network card."""
    made = f'<interface type="{kind}">{inner}<model type="{model}"/></interface>'
    return machine(made, vcpu=f"<vcpu>{vcpus}</vcpu>", top=top)


def queues(count: int) -> str:
    """So many queues."""
    return f'<source network="default"/><driver name="vhost" queues="{count}"/>'


VHOST = '<source type="unix" path="/tmp/vhost.sock" mode="client"/>'
ADDRESS = f'<mac address="{MAC}"/>'

EXAMPLES = [
    Example(
        "NET001",
        wrong=card("vhostuser", VHOST),
        right=card("vhostuser", VHOST, top=SHARED),
        versions=before_11_3,
    ),
    Example(
        "NET002",
        wrong=card("network", queues(2), "e1000", 2),
        right=card("network", queues(2), vcpus=2),
        libvirt="accepts",
    ),
    Example(
        "NET002",
        wrong=card(inner='<driver queues="2"/>', vcpus=2),
        right=card(vcpus=2),
        libvirt="fails at start",
        message="multiqueue",
    ),
    Example("NET003", wrong=card("network", queues(4), vcpus=2), right=card("network", queues(2), vcpus=2)),
    Example("NET004", wrong=card("direct", '<source dev="eth0" mode="bridge"/>'), right=card(), against=host()),
    Example(
        "NET004",
        wrong=card("network", '<source network="default"/>'),
        right=card(),
        against=host(),
        severity="warning",
    ),
    Example(
        "NET005",
        wrong=card(inner='<backend type="passt"/>'),
        right=card(),
        against=host(),
        versions=lambda version: version < (9, 1),
        message="backend",
    ),
    Example(
        "NET006",
        wrong=card("network", '<source network="nowhere"/>'),
        right=card("network", '<source network="default"/>'),
        against=NETWORKS,
        note="a user's own libvirt has no networks",
    ),
    Example(
        "NET006",
        wrong=card("network", '<source network="lab"/>'),
        right=card("network", '<source network="default"/>'),
        against=NETWORKS,
        severity="warning",
        note="a user's own libvirt has no networks",
    ),
    Example(
        "NET007", wrong=card(inner=ADDRESS), right=card(inner=ADDRESS.replace("33", "34")), against=host(NEIGHBOUR)
    ),
    Example(
        "NET008",
        wrong=card("network", '<source network="default"/><driver name="vhost" rx_queue_size="300"/>'),
        right=card("network", '<source network="default"/><driver name="vhost" rx_queue_size="256"/>'),
        message="power of",
    ),
    Example("NET009", wrong=card(inner=ADDRESS.replace("52:", "53:")), right=card(inner=ADDRESS), message="multicast"),
    Example("NET010", wrong=card("bridge"), right=card("bridge", '<source bridge="br0"/>'), message="bridge"),
]
