"""libvirt, and only here: connections, collecting a snapshot, writing a change."""

try:
    import libvirt  # noqa: F401  (the whole room needs it: what to do is said once, at its door)
except ImportError as error:
    raise ImportError(
        f"libvirt's Python module cannot be loaded ({error}): install what it is built from, "
        "`apt install gcc pkg-config python3-dev libvirt-dev` or "
        "`dnf install gcc python3-devel libvirt-devel`, then run `pip install libvirt-python`."
    ) from error
