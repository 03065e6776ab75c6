"""Any published record → what it says, by the mark that its format puts in every document."""

from __future__ import annotations

from typing import Any

from rempart.engines.exposure.model import VulnerabilityRecord
from rempart.engines.records.csaf import parse_csaf
from rempart.engines.records.cve import parse_cve
from rempart.engines.records.fields import RecordError, shown
from rempart.engines.records.osv import is_osv, parse_osv
from rempart.engines.records.vex import is_cyclonedx, is_openvex, parse_cyclonedx_vex, parse_openvex


def read_any(document: dict[str, Any]) -> list[VulnerabilityRecord]:
    """The vulnerabilities of one document: CVE JSON 5, OSV, CSAF, OpenVEX or CycloneDX.

    A CycloneDX document without vulnerabilities gives none. Raises ``RecordError``: the malformed field,
    or ``wrong_type`` for a document of another kind, said by name where it is known.
    """
    if not isinstance(document, dict):
        raise RecordError("", f"expected an object, found {shown(document)}", "wrong_type")
    if "cveMetadata" in document or document.get("dataType") == "CVE_RECORD":
        return [parse_cve(document)]
    head = document.get("document")
    if isinstance(head, dict) and "csaf_version" in head:
        return list(parse_csaf(document).vulnerabilities)
    if is_openvex(document):
        return parse_openvex(document)
    if is_cyclonedx(document):
        return parse_cyclonedx_vex(document)
    if is_osv(document):
        return [parse_osv(document)]
    raise RecordError("", _refusal(document), "wrong_type")


def _refusal(document: dict[str, Any]) -> str:
    listed = document.get("vulnerabilities")
    if "catalogVersion" in document or "cveID" in document:
        return "the KEV catalogue lists exploited vulnerabilities, not affected versions: load it as KEV"
    if isinstance(listed, list) and "totalResults" in document:
        return "an answer of NVD's API is not a published record: load the CVE list instead"
    if "spdxVersion" in document or "@graph" in document:
        return "an SPDX document is an inventory, not a record of vulnerabilities"
    if document.get("data_type") == "CVE":
        return "CVE JSON 4 is no longer published: load the record in CVE JSON 5"
    return "not a CVE, OSV, CSAF, OpenVEX or CycloneDX document"
