"""Published records (CVE JSON 5, OSV, CSAF, VEX, KEV, EPSS) as the plain data of ``exposure.model``."""

from rempart.engines.records.recognise import read_any

__all__ = ["read_any"]
