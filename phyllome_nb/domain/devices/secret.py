"""References to secrets: a definition names the secret that libvirt keeps, and never holds it."""

from phyllome_nb.xml.fields import Choice, Integer, Text
from phyllome_nb.xml.part import Many, Part, Section

__all__ = ["Auth", "Cipher", "Encryption", "EncryptionSecret", "Ivgen"]

DISKS = "formatdomain.html#hard-drives-floppy-disks-cdroms"
ENCRYPTION = "formatstorageencryption.html#storage-volume-encryption-xml"


class Auth(Part, title="Log-in", doc=DISKS):
    """Who logs in to the storage server; the password is a secret of libvirt's."""

    username = Text("@username", help="The name to log in with.", qemu="-blockdev user=")
    secret_type = Choice("secret/@type", "ceph iscsi", help="What the secret was made for: Ceph's RBD or iSCSI.")
    secret_uuid = Text("secret/@uuid", help="The secret by its uuid, as `virsh secret-list` shows it.")
    secret_usage = Text("secret/@usage", help="The secret by the usage it was defined with, instead of its uuid.")


class EncryptionSecret(
    Part,
    title="Passphrase",
    doc=ENCRYPTION,
    start={"type": "passphrase", "usage": "disk"},
):
    """The secret of libvirt's that opens the image."""

    type = Choice("@type", "passphrase", help="What the secret is.")
    uuid = Text("@uuid", help="The secret by its uuid, as `virsh secret-list` shows it.")
    usage = Text("@usage", help="The secret by the usage it was defined with, instead of its uuid.")


class Cipher(Part, title="Cipher", doc=ENCRYPTION):
    """How a new volume is encrypted; an existing one knows that by itself, and a disk does not take it."""

    name = Text("@name", "aes serpent twofish", help="The algorithm.")
    size = Integer("@size", 1, unit="bits", help="The length of the key.")
    mode = Text("@mode", "xts cbc ecb", help="How the blocks are chained.")
    hash = Text("@hash", "sha256 sha1", help="The hash by which the key is derived.")


class Ivgen(Part, title="Initialisation vectors", doc=ENCRYPTION):
    """How each block of a new volume is made to look different."""

    name = Text("@name", "plain64 plain essiv", help="The algorithm.")
    hash = Text("@hash", "sha256 sha1", help="The hash that it uses.")


class Encryption(Part, title="Encryption", doc=ENCRYPTION):
    """The image is encrypted, and the hypervisor opens it with a secret of libvirt's."""

    format = Choice(
        "@format",
        "luks luks2 luks-any qcow default",
        help="The format: luks in nearly all cases; luks2 and luks-any for RBD; qcow is no longer supported.",
        qemu="-object secret",
    )
    engine = Choice("@engine", "qemu librbd", help="Who decrypts: QEMU itself, or Ceph's library for RBD images.")
    secrets = Many("secret", EncryptionSecret)
    cipher = Section("cipher", Cipher)
    ivgen = Section("ivgen", Ivgen)
