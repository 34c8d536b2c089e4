"""libvirt's errors in the words of this package."""

import libvirt

from phyllome_nb.errors import HostError, NoSuchDomain, ReadOnly, Refused, Unreachable

__all__ = ["connection_lost", "told", "translate"]

RPC_FAILURES = {libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_RPC}


def connection_lost(error: libvirt.libvirtError) -> bool:
    """Whether the connection broke; libvirt has no code of its own for that."""
    if error.get_error_code() == libvirt.VIR_ERR_INVALID_CONN:
        return True
    return error.get_error_domain() == libvirt.VIR_FROM_RPC and error.get_error_code() in RPC_FAILURES


def told(error: libvirt.libvirtError) -> str:
    """What libvirt says, on one line and without the full stop; ssh's banners span many."""
    return " ".join((error.get_error_message() or str(error)).split()).rstrip(".")


def translate(error: libvirt.libvirtError, where: str) -> HostError:
    """The error to raise for one of libvirt's; `where` names the host."""
    said = told(error)
    if connection_lost(error):
        return Unreachable(f"The connection to {where} broke: {said}.")
    match error.get_error_code():
        case libvirt.VIR_ERR_OPERATION_DENIED:
            return ReadOnly(f"{where} was opened read-only: {said}. Open it with ph.connect(…, write=True).")
        case libvirt.VIR_ERR_NO_DOMAIN:
            return NoSuchDomain(f"{where}: {said}.")
        case libvirt.VIR_ERR_XML_INVALID_SCHEMA:
            return Refused(f"libvirt's schema does not allow this definition. It said: {said}.")
        case _:
            return Refused(f"libvirt refused. It said: {said}.")
