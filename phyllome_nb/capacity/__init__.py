"""What hosts have and what their VMs were promised: pandas and NumPy only, nothing here needs libvirt."""
