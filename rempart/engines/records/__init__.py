"""Published records (CVE JSON 5, CSAF 2.0, KEV, EPSS) read into the plain data of ``exposure.model``."""
