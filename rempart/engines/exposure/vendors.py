"""Vendors' names: what is no vendor, what only says the legal form, and who became whom."""

from __future__ import annotations

_UNSTATED_TEXT = """
    na none unknown unspecified notavailable notapplicable undefined various multiple
    multiplevendors multipleproducts other tbd
"""
UNSTATED = frozenset(_UNSTATED_TEXT.split()) | {""}

# Words at the end of a vendor's name that say what kind of organisation it is.
_ORGANISATION_WORDS_TEXT = """
    foundation software inc incorporated corp corporation ltd limited llc llp gmbh co
    company ag sa se sas sarl bv nv oy oyj ab plc srl spa kg pty pte project group team organization
    organisation systems technologies pvt as spol s ro
"""
ORGANISATION_WORDS = frozenset(_ORGANISATION_WORDS_TEXT.split())

# Another writing of the same vendor's name, where removing the words above does not suffice.
_SPELLINGS = {
    "androidopensource": "google",
    "android": "google",
    "arubanetworks": "aruba",
    "barracudanetworks": "barracuda",
    "checkpointsoftware": "checkpoint",
    "dotnetnukednn": "dnnsoftware",
    "dotnetnuke": "dnnsoftware",
    "donho": "notepad",
    "eclipseorg": "eclipse",
    "elasticsearch": "elastic",
    "f5networks": "f5",
    "gitscm": "git",
    "grafanalabs": "grafana",
    "hewlettpackard": "hp",
    "hewlettpackardhp": "hp",
    "hewlettpackardenterprise": "hpe",
    "hewlettpackardenterprisehpe": "hpe",
    "hitachivantara": "hitachi",
    "igorpavlov": "7zip",
    "internetsystemsconsortium": "isc",
    "junipernetworks": "juniper",
    "linuxkernelorganization": "linux",
    "martinprikryl": "winscp",
    "northgridcorporation": "northgrid",
    "openjsfoundation": "nodejs",
    "oracleandoritsaffiliates": "oracle",
    "oracleamerica": "oracle",
    "paloalto": "paloaltonetworks",
    "progresssoftwarecorporation": "progress",
    "ruckuswireless": "ruckus",
    "simontatham": "putty",
    "simplehelpltd": "simplehelp",
    "solarwindsworldwide": "solarwinds",
    "thelinuxkernelorganization": "linux",
    "thephpgroup": "php",
    "thegitdevelopmentcommunity": "git",
    "thewiresharkdevelopercommunity": "wireshark",
    "thewiresharkdevelopercommunityhttpswwwwiresharkorg": "wireshark",
    "thewiresharkdevelopercommunityhttpwwwwiresharkorg": "wireshark",
    "timkosse": "filezilla",
    "filezillaproject": "filezilla",
    "winrar": "rarlab",
    "zohocorp": "zoho",
    "zoomvideocommunications": "zoom",
}
# Whole vendors that were bought or renamed: their products kept their names under the new one. A vendor
# that lives on beside its owner (GitHub, Red Hat, LinkedIn) is not here; a part of one that was sold is a
# matter of products (see ``known_products``).
_SUCCESSORS = {
    "accellion": "kiteworks",
    "bea": "oracle",
    "beasystems": "oracle",
    "cloudsoftwaregroup": "citrix",
    "cyberoam": "sophos",
    "facebook": "meta",
    "metaplatforms": "meta",
    "helpsystems": "fortra",
    "ipswitch": "progress",
    "kemp": "progress",
    "kemptechnologies": "progress",
    "kempflowmon": "progress",
    "macromedia": "adobe",
    "magento": "adobe",
    "manageengine": "zoho",
    "microfocus": "opentext",
    "mobileiron": "ivanti",
    "musarubra": "trellix",
    "musarubraus": "trellix",
    "nortek": "nice",
    "nortekcontrol": "nice",
    "nortekcontrols": "nice",
    "netscaler": "citrix",
    "netsclaer": "citrix",  # as CVE-2024-6236 spells it
    "novell": "opentext",
    "pivotal": "vmware",
    "pivotalsoftware": "vmware",
    "pulsesecure": "ivanti",
    "qlogic": "marvell",
    "saltstack": "vmware",
    "saltproject": "vmware",
    "springbyvmwaretanzu": "vmware",
    "springsource": "vmware",
    "sunmicrosystems": "oracle",
    "sun": "oracle",
    "synacor": "zimbra",
    "telerik": "progress",
    "vmwaretanzu": "vmware",
    "vmwarebybroadcom": "vmware",
}
# Owners that publish under their own name what still carries the name of a maker they bought.
BRANDS: dict[str, frozenset[str]] = {
    "broadcom": frozenset({"vmware", "symantec", "automic"}),
    "gendigital": frozenset({"avast", "avg", "norton", "avira", "ccleaner"}),
    "hpe": frozenset({"aruba", "nimble", "simplivity"}),
    "trellix": frozenset({"mcafee", "fireeye"}),
    "opentext": frozenset({"carbonite", "webroot"}),
}
_SAME = {**_SPELLINGS, **_SUCCESSORS}

# Vendors whose name in front of a product's says who makes it, when no vendor is stated beside it.
_PREFIXES_TEXT = """
    adobe apache apple atlassian barracuda cisco citrix dahua dell docker drupal fortinet fortra foxit google
    grafana hikvision hp huawei ibm intel ivanti jenkins jetbrains juniper lenovo manageengine mcafee
    microsoft mikrotik mitel mozilla netgear nvidia oracle progress qnap roundcube samsung sap siemens
    solarwinds sonicwall sophos splunk synology tenable trellix veeam vmware watchguard
    zabbix zimbra zoho zyxel
"""
PREFIXES = frozenset(_PREFIXES_TEXT.split())


def one_name(joined: str) -> str:
    """The present vendor behind a name already reduced to its letters and digits."""
    return _SAME.get(joined, joined)


def successor(joined: str) -> str:
    """The vendor that bought or renamed this one; empty when none did."""
    return _SUCCESSORS.get(joined, "")


def is_stated(joined: str) -> bool:
    """Whether a name reduced to its letters and digits says anything."""
    return joined not in UNSTATED
