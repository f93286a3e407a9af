"""A believable partner programme from a seed and a size: two CRMs, the partners between them, and their mess."""

from sandbox.generator.files import write_csv
from sandbox.generator.filling import into, populate
from sandbox.generator.generation import generate
from sandbox.generator.programme import Mess, Programme
from sandbox.generator.sizes import PRESETS, Size

__all__ = ["PRESETS", "Mess", "Programme", "Size", "generate", "into", "populate", "write_csv"]
