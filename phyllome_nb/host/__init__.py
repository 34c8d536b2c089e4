"""libvirt, and only here: connections, collecting a snapshot, writing a change."""
