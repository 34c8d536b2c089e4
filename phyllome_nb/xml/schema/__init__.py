"""What libvirt's schema says of a document, and where a document first leaves it."""
