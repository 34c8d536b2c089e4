"""Rules about the machine, its firmware and what it boots."""

from examples.example import Example, before_11_3, host, machine
from phyllome_nb.capacity.snapshot import DomainFacts

__all__ = ["EXAMPLES"]

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
NEWER = host(libvirt="11.3.0")
OLD = (8, 0), (9, 2)
WINDOWS = (
    '<metadata><libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">'
    '<libosinfo:os id="http://microsoft.com/win/11"/></libosinfo:libosinfo></metadata>'
)
CRB = '<tpm model="tpm-crb"><backend type="emulator" version="{}"/></tpm>'
TIS = '<tpm model="tpm-tis"><backend type="emulator" version="2.0"/></tpm>'
HOSTDEV = '<hostdev mode="subsystem" type="usb"><source><vendor id="0x1234"/><product id="0xbeef"/></source></hostdev>'


def before_9_2(version: tuple[int, ...]) -> bool:
    """Whether this libvirt chooses the firmware at start."""
    return version < (9, 2)


def booting(
    inner: str = "",
    attributes: str = "",
    machine_: str = "q35",
    features: str = "<acpi/>",
    devices: str = "",
    **more: str,
) -> str:
    """A machine that boots so."""
    os = f'<os {attributes}><type arch="x86_64" machine="{machine_}">hvm</type>{inner}</os>'
    return machine(devices, os=os, features=f"<features>{features}</features>", **more)


def loader(attributes: str, **more: str) -> str:
    """A machine with a firmware image by name."""
    code = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
    return booting(f'<loader readonly="yes" type="pflash" {attributes}>{code}</loader>', **more)


def efi(*features: tuple[str, str], **more: str) -> str:
    """A machine whose UEFI libvirt chooses."""
    made = "".join(f'<feature enabled="{enabled}" name="{name}"/>' for name, enabled in features)
    return booting(f"<firmware>{made}</firmware>" if made else "", attributes='firmware="efi"', **more)


def disk(dev: str, bus: str, inner: str = "", kind: str = "disk", source: str = '<source file="/srv/{}.img"/>') -> str:
    """A disk, or a drive."""
    return f'<disk type="file" device="{kind}">{source.format(dev)}<target dev="{dev}" bus="{bus}"/>{inner}</disk>'


def windows(
    devices: str = CRB.format("2.0"), vcpu: str = "2", memory: str = "4", attributes: str = 'firmware="efi"'
) -> str:
    """A machine that says it is Windows 11."""
    size = f'<memory unit="GiB">{memory}</memory>'
    return booting("", attributes=attributes, devices=devices, top=WINDOWS, memory=size, vcpu=f"<vcpu>{vcpu}</vcpu>")


def events(poweroff: str, reboot: str) -> str:
    """A machine that ends so."""
    return machine(cpu=f"<on_poweroff>{poweroff}</on_poweroff><on_reboot>{reboot}</on_reboot>")


def pm(enabled: str, devices: str) -> str:
    """A machine that may sleep."""
    return machine(devices, cpu=f'<pm><suspend-to-mem enabled="{enabled}"/></pm>')


KNOWN = host(DomainFacts("known", UUID, "shut off", True, False))
PCI = (
    '<hostdev mode="subsystem" type="pci" managed="yes"><source>'
    '<address domain="0" bus="1" slot="0" function="0"/></source></hostdev>'
)
NO_USB = '<controller type="usb" model="none"/>'
NO_BALLOON = '<memballoon model="none"/>'
VARIABLES = "<nvram>/srv/known_VARS.fd</nvram>"

EXAMPLES = [
    Example(
        "FW001",
        wrong=booting("<loader readonly='yes' type='pflash'>/srv/CODE.fd</loader>", attributes='firmware="efi"'),
        right=booting("<loader readonly='yes' type='pflash'>/srv/CODE.fd</loader>"),
        against=host(),
        versions=before_9_2,
        message="loader",
    ),
    Example(
        "FW002",
        wrong=booting("<loader secure='no'/>", attributes='firmware="efi"'),
        right=booting("<loader secure='yes'/>", attributes='firmware="efi"'),
        against=host(),
        versions=before_9_2,
        message="secure",
    ),
    Example(
        "FW003",
        wrong=loader('secure="yes"', machine_="pc", features="<acpi/><smm state='on'/>"),
        right=loader('secure="yes"', features="<acpi/><smm state='on'/>"),
        message="Secure boot",
    ),
    Example(
        "FW004",
        wrong=loader('secure="yes"'),
        right=loader('secure="yes"', features="<acpi/><smm state='on'/>"),
        message="SMM",
        versions=before_11_3,
    ),
    Example(
        "FW005",
        wrong=efi(("enrolled-keys", "yes"), ("secure-boot", "no")),
        right=efi(("enrolled-keys", "no"), ("secure-boot", "no")),
        message="secure-boot",
    ),
    Example("FW006", wrong=efi(features=""), right=efi(), message="ACPI"),
    Example(
        "FW007",
        wrong=loader('stateless="yes"').replace("</loader>", f"</loader>{VARIABLES}"),
        right=loader('stateless="yes"'),
        message="NVRAM",
    ),
    Example(
        "FW008",
        wrong=efi(("secure-boot", "no"), top=f"<uuid>{UUID}</uuid>").replace("</os>", f"{VARIABLES}</os>"),
        right=efi(top=f"<uuid>{UUID}</uuid>").replace("</os>", f"{VARIABLES}</os>"),
        against=KNOWN,
        note="what the file says is not looked at",
        libvirt="",
    ),
    Example("FW012", wrong=machine(disk("hda", "ide")), right=machine(disk("sda", "sata")), message="IDE"),
    Example("FW013", wrong=windows(attributes=""), right=windows()),
    Example("FW013", wrong=windows(devices=""), right=windows()),
    Example("FW013", wrong=windows(vcpu="1"), right=windows()),
    Example("FW013", wrong=windows(memory="3"), right=windows()),
    Example("TPM001", wrong=machine(CRB.format("1.2")), right=machine(CRB.format("2.0")), message="TPM"),
    Example("TPM002", wrong=machine(CRB.format("2.0") + TIS), right=machine(TIS), message="TPM"),
    Example(
        "TPM003",
        wrong=machine(CRB.format("2.0")),
        right=machine('<tpm model="tpm-tis"><backend type="passthrough"><device path="/dev/tpm0"/></backend></tpm>'),
        against=host(capabilities={"enums": {"devices/tpm/backendModel": frozenset({"passthrough"})}}),
        note="the daemon's machine has swtpm",
    ),
    Example(
        "TPM004",
        wrong=windows(),
        right=windows(
            devices='<tpm model="tpm-crb"><backend type="emulator" version="2.0" persistent_state="yes"/></tpm>'
        ),
        severity="hint",
        note="it is about undefining",
    ),
    Example(
        "SEV001",
        wrong=machine(cpu="<launchSecurity type='sev'><policy>0x0001</policy></launchSecurity>"),
        right=machine(cpu="<launchSecurity type='s390-pv'/>"),
        against=host(capabilities={"supported": {"features/sev": False}}),
        libvirt="refuses",
        note="the near miss is for another architecture",
        versions=lambda version: False,  # noqa: ARG005
    ),
    Example(
        "OS001",
        wrong=booting("<boot dev='hd'/>", devices=disk("vda", "virtio", "<boot order='1'/>")),
        right=booting(devices=disk("vda", "virtio", "<boot order='1'/>")),
        message="boot",
    ),
    Example(
        "OS001",
        wrong=machine(disk("vda", "virtio", "<boot order='1'/>") + disk("vdb", "virtio", "<boot order='1'/>")),
        right=machine(disk("vda", "virtio", "<boot order='1'/>") + disk("vdb", "virtio", "<boot order='2'/>")),
        message="boot order",
    ),
    Example(
        "OS002",
        wrong=machine(disk("sda", "sata", kind="cdrom", source="")),
        right=machine(disk("sda", "sata", kind="cdrom")),
    ),
    Example(
        "OS004",
        wrong=machine(top="<title>one&#10;two</title>"),
        right=machine(top="<title>one two</title>"),
        message="title",
    ),
    Example("OS005", wrong=events("restart", "destroy"), right=events("destroy", "restart"), message="onReboot"),
    Example("OS005", wrong=events("preserve", "restart"), right=events("destroy", "restart"), message="preserve"),
    Example("PM001", wrong=pm("yes", PCI), right=pm("no", PCI), libvirt="", note="host devices need privileges"),
    Example("OS005", wrong=events("destroy", "rename-restart"), right=events("destroy", "restart"), message="rename"),
    Example("OS006", wrong=machine(os="<os><boot dev='hd'/></os>"), right=machine(), message="type"),
    Example(
        "OS007",
        wrong=booting(machine_="microvm", devices=f"{NO_USB}{NO_BALLOON}<video><model type='qxl'/></video>"),
        right=booting(machine_="microvm", devices=NO_USB + NO_BALLOON),
        message="PCI",
    ),
    Example(
        "OS007",
        wrong=booting(machine_="isapc", features="<acpi/>"),
        right=booting(machine_="isapc", features="<acpi/>", devices='<memballoon model="none"/>' + NO_USB),
        message="PCI",
    ),
    Example(
        "OS008",
        wrong=booting(machine_="pc", features="<acpi/><smm state='on'><tseg unit='MiB'>48</tseg></smm>"),
        right=booting(features="<acpi/><smm state='on'><tseg unit='MiB'>48</tseg></smm>"),
        message="TSEG",
    ),
    Example(
        "CLK004",
        wrong=machine(cpu="<clock offset='timezone'/>"),
        right=machine(cpu="<clock offset='timezone' timezone='Europe/Paris'/>"),
        message="timezone",
    ),
]
