"""What the tests share: a libvirtd of their own, a guest that boots, JupyterLab, a browser."""
