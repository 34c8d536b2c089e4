"""What keeps the VM apart from the host, and the host from the VM."""

from phyllome_nb.xml.fields import Choice, Flag, Hex, Integer, Switch, Text
from phyllome_nb.xml.part import Many, Part

__all__ = ["Keywrap", "LaunchSecurity", "SecurityLabel"]

LAUNCH = "formatdomain.html#launch-security"


class SecurityLabel(
    Part,
    title="Security label",
    doc="formatdomain.html#security-label",
    start={"type": "dynamic", "model": "selinux"},
):
    """What the host's security modules let the VM touch."""

    type = Choice(
        "@type",
        "dynamic static none",
        help="dynamic: libvirt makes a label for each start. static: the label named here. "
        "none: the VM is not confined, and a fault in the hypervisor opens the host.",
    )
    model = Text("@model", "selinux apparmor dac", help="The module it is for; dac is the user and group it runs as.")
    relabel = Switch(
        "@relabel",
        "yes no",
        help="Whether libvirt gives the VM's files the label, too. With no, they must have it already.",
    )
    label = Text("label", help="With static: the label. For dac the user and group, such as qemu:qemu or +107:+107.")
    imagelabel = Text("imagelabel", help="The label that the files of a running VM have. libvirt tells it.")
    baselabel = Text("baselabel", help="With dynamic: the label from which the VM's own is made.")


class Cipher(Part, title="Key wrapping", doc="formatdomain.html#key-wrap", start={"name": "aes", "state": True}):
    """A way to protect keys on s390."""

    name = Choice("@name", "aes dea", help="The cipher; dea is the older DES.")
    state = Switch(
        "@state", "on off", help="Whether the guest can use it. Left out, it can.", qemu="-machine aes-key-wrap="
    )


class Keywrap(Part, title="Key wrapping", doc="formatdomain.html#key-wrap"):
    """How an s390 guest can protect its keys."""

    ciphers = Many("cipher", Cipher)


class LaunchSecurity(Part, title="Encrypted guest", doc=LAUNCH):
    """Memory that the host cannot read. The processor, the firmware and the guest must all support it."""

    type = Choice(
        "@type",
        "sev sev-snp tdx s390-pv",
        help="sev and sev-snp: AMD's, the second also guards against changes. tdx: Intel's. s390-pv: IBM's.",
        qemu="-machine confidential-guest-support=",
    )
    kernel_hashes = Switch(
        "@kernelHashes",
        "yes no",
        help="Let the owner check the kernel, the RAM disk and the command line of a direct kernel boot, too.",
        qemu="kernel-hashes=",
    )
    author_key = Switch(
        "@authorKey", "yes no", help="sev-snp: whether id_auth holds the author's key.", qemu="author-key-enabled="
    )
    vcek = Switch(
        "@vcek",
        "yes no",
        help="sev-snp: whether reports are signed with the chip's own key. no keeps the guest from asking for that.",
        qemu="vcek-disabled=",
    )
    cbitpos = Integer(
        "cbitpos", help="sev: which bit of an address says that memory is encrypted; the host knows.", qemu="cbitpos="
    )
    reduced_phys_bits = Integer(
        "reducedPhysBits", help="sev: how many bits of addresses that costs; the host knows.", qemu="reduced-phys-bits="
    )
    policy = Hex(
        "policy",
        4,
        help="What the host may do to the guest, bit by bit: for sev 0x1 forbids debugging, 0x4 demands SEV-ES.",
        qemu="policy=",
    )
    handle = Integer("handle", help="sev: the firmware's number for a running guest.", qemu="handle=")
    dh_cert = Text("dhCert", help="sev: the owner's public key, in base64.", qemu="dh-cert-file=")
    session = Text("session", help="sev: the session that the owner began, in base64.", qemu="session-file=")
    guest_visible_workarounds = Text(
        "guestVisibleWorkarounds",
        help="sev-snp: flags that the guest can read, in base64.",
        qemu="guest-visible-workarounds=",
    )
    id_block = Text("idBlock", help="sev-snp: what the guest must be to start, in base64.", qemu="id-block=")
    id_auth = Text("idAuth", help="sev-snp: the signature and keys of that, in base64.", qemu="id-auth=")
    host_data = Text("hostData", help="sev-snp: 32 bytes that reports repeat, in base64.", qemu="host-data=")
    mr_config_id = Text(
        "mrConfigId", help="tdx: a checksum of the configuration that reports repeat, in base64.", qemu="mrconfigid="
    )
    mr_owner = Text("mrOwner", help="tdx: the owner's checksum that reports repeat, in base64.", qemu="mrowner=")
    mr_owner_config = Text(
        "mrOwnerConfig",
        help="tdx: a checksum of the owner's configuration that reports repeat, in base64.",
        qemu="mrownerconfig=",
    )
    quote_generation_service = Flag(
        "quoteGenerationService", help="tdx: ask the host's service to sign reports.", qemu="quote-generation-socket="
    )
    quote_generation_service_path = Text(
        "quoteGenerationService/@path",
        "/var/run/tdx-qgs/qgs.socket",
        help="tdx: the socket of that service, where it is not the usual one.",
        qemu="quote-generation-socket=",
    )
