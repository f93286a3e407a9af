"""CSV files beside the config as a source: a file is a full list of records, read anew when its content changed."""

from connectors.files.connector import Files
from connectors.files.reading import FileLayout

__all__ = ["FileLayout", "Files"]
