"""The Trusted Platform Module."""

from phyllome_nb.domain.devices.common import Device
from phyllome_nb.xml.fields import Choice, Flag, Integer, Switch, Text
from phyllome_nb.xml.part import Part, Section

__all__ = ["PcrBanks", "Profile", "Tpm"]

REFERENCE = "formatdomain.html#tpm-device"


class PcrBanks(Part, title="PCR banks", doc=REFERENCE):
    """With which digests the emulated TPM 2.0 measures the start of the guest; none named, they stay as they are."""

    sha1 = Flag("sha1", help="Measure with SHA-1, for old systems that know no other.")
    sha256 = Flag("sha256", help="Measure with SHA-256, as current systems expect.")
    sha384 = Flag("sha384", help="Measure with SHA-384.")
    sha512 = Flag("sha512", help="Measure with SHA-512.")


class Profile(Part, title="TPM profile", doc=REFERENCE):
    """Which algorithms and commands a new emulated TPM 2.0 knows; libvirt 10.10 or later, and swtpm 0.10."""

    source = Text(
        "@source",
        "default-v1 local:restricted",
        help="Where it is described: one of swtpm's own, or a file of the host or of its distribution.",
    )
    remove_disabled = Choice(
        "@removeDisabled",
        "check fips-host",
        help="Leave out what the host's crypto library does not allow: check tries each, fips-host goes by FIPS.",
    )
    name = Text("@name", help="What the profile calls itself; libvirt fills it in.")


class Tpm(
    Device,
    title="TPM",
    doc=REFERENCE,
    start={"model": "tpm-crb", "backend": "emulator", "version": "2.0"},
):
    """A Trusted Platform Module, which Windows 11 asks for."""

    model = Choice(
        "@model",
        "tpm-crb tpm-tis tpm-spapr spapr-tpm-proxy",
        help="tpm-crb is TPM 2.0 only; tpm-tis is older and more widely known.",
        qemu="-device",
    )
    backend = Choice(
        "backend/@type",
        "emulator passthrough external",
        help="emulator: a program on the host (swtpm) plays it. passthrough: the host's own, for one guest alone.",
        qemu="-tpmdev",
    )
    version = Choice("backend/@version", "2.0 1.2", help="The version of the emulated TPM.")
    persistent_state = Switch(
        "backend/@persistent_state",
        "yes no",
        help="Keep what the emulated TPM holds when a VM that is not defined ends.",
    )
    debug = Integer("backend/@debug", help="How much swtpm writes to its log; libvirt 10.6 or later.")
    device = Text(
        "backend/device/@path",
        "/dev/tpm0 /dev/tpmrm0",
        help="With passthrough: the host's device. For the model spapr-tpm-proxy it is /dev/tpmrm0.",
        qemu="path=",
    )
    encryption = Text(
        "backend/encryption/@secret",
        help="The uuid of libvirt's secret whose passphrase encrypts the TPM's file on the host.",
    )
    active_pcr_banks = Section("backend/active_pcr_banks", PcrBanks)
    source_type = Choice(
        "backend/source/@type",
        "unix file dir",
        help="external: unix, the socket of a running TPM. emulator: a file or directory that holds its state.",
    )
    source_path = Text("backend/source/@path", help="The socket, file or directory.")
    source_mode = Choice("backend/source/@mode", "connect", help="external: QEMU calls the socket.")
    profile = Section("backend/profile", Profile)
