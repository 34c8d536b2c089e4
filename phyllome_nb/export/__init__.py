"""Snapshots as files for other programs and other people: xlsx, Parquet, HTML."""
