"""CSV files beside the config as a source: a file is a full list of records, read anew when its content changed."""

from connectors.files.connector import FileLayout, Files

__all__ = ["FileLayout", "Files"]
