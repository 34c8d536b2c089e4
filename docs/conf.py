"""How Sphinx builds the site: everything from this tree, nothing from elsewhere."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "phyllome_nb"
author = "Phyllome"
project_copyright = "Phyllome, MIT licence"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "made"]
exclude_patterns = ["_build", "_ext"]
nitpicky = False

html_theme = "furo"
html_title = "phyllome_nb"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_last_updated_fmt = None

# The notebooks are executed by _ext/made.py, which leaves widgets as plain HTML: no script has to be fetched for them.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_render_markdown_format = "myst"
nb_mime_priority_overrides = [("html", "text/html", 1)]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_custom_sections = ["Columns"]
napoleon_use_rtype = False
