"""ipywidgets views of the nouns. A panel holds no facts of its own."""
