"""Vector bin packing over arrays: it knows shapes and bins, and neither VMs nor hosts."""
