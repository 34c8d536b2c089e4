"""The tables of a snapshot: data in, DataFrame out."""
