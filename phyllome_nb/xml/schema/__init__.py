"""libvirt's RelaxNG schema, and what exactly a document has against it."""
