"""Names wider than a product: lines of products, and the parts by which CISA's catalogue names them.

A *family* ("Microsoft Windows", "Qualcomm chipsets") is no product: its versions compare with nothing. A
record's product belongs to its families; an inventory that only names the family cannot be decided, and
that is what it is told. The KEV catalogue often names a family, or a part of a product ("Win32k").
"""

from __future__ import annotations

import re

PREFIX = "family:"

# Family → what its products' names look like, in one spelling: expressions that the whole name matches.
_MEMBERS_TEXT = r"""
    microsoft/office:
        (?:office|365apps|excel|word|powerpoint|outlook|publisher|access|visio|project)(?:\d|for|ltsc|long|online|web|$).*
    microsoft/exchange_server: exchangeserver.* exchange\d.*
    microsoft/sharepoint: sharepoint.*
    microsoft/sql_server: sqlserver.*
    microsoft/dotnet_framework: netframework.*
    microsoft/dotnet: (?:asp)?net(?:core)?\d.* netcore
    microsoft/visual_studio: visualstudio(?:\d{4}.*)?
    microsoft/skype_for_business: skypeforbusiness.* lync.*
    apple/systems: (?:ios|ipados|macos|osx|macosx|watchos|tvos|visionos|iphoneos|ipad).* safari
    qualcomm/chipsets: snapdragon.* .*firmware
    mediatek/chipsets: mt\d.* .*firmware
    dahua/ip_cameras: (?:some)?(?:dahua)?(?:ipcamera|ipc|vto|vth|sd\d|tpc|nvr|xvr|hcvr|camera).*
    dahuasecurity/ip_cameras: .*firmware ipc.* sd.* vto.* vth.* tpc.* nvr.* xvr.*
    draytek/vigor: vigor\d.*
    mitel/sip_phones: \d+[a-z]*sip.* .*sipphone.* 6970conference.*
    arm/mali: (?:bifrost|midgard|valhall|5thgen|mali|arm5thgen).*
    oracle/fusion_middleware: weblogic.* accessmanager webcenter.* businessintelligence.* httpserver
        identitymanager jdeveloper applicationdevelopmentframework soasuite bipublisher.* coherence
        fusionmiddleware managedfiletransfer outsidein.* utilitiesframework forms
    oracle/java: java(?:se.*|virtualmachine)? jdk jre jrockit graalvm.* openjdk
    oracle/agile_plm: agileplm.* agileproductlifecycle.*
    oracle/e_business_suite: ebusinesssuite.* .*ebusiness.*
    fortinet/appliances:
        forti(?:os|proxy|pam|switchmanager|web|manager|analyzer|adc|sandbox|voice|mail|ndr|recorder|camera|client.*|siem).*
    nice/linear_emerge: linearemerge.*
    unitronics/vision: visilogic vision.* unilogic samba.*
    checkpoint/quantum_gateways: quantum.* cloudguard.* spark.* securitygateway.*
    servicenow/now_platform: nowplatform servicenow
    northgrid/proself: proself.*
    zoho/manageengine:
        (?:manageengine|ad(?:audit|selfservice|manager)|servicedesk|supportcenter|assetexplorer|endpoint|desktopcentral|accessmanager|passwordmanager|pam360|opmanager|analytics|applicationsmanager|patch|vulnerabilitymanager|browsersecurity|devicecontrol|mobiledevicemanager|osdeployer|remote).*
    samsung/mobile_devices: samsungmobiledevices android mobiledevices.* .*mobiledevice.*
    sonicwall/sma_100: sma(?:100|200|210|400|410|500v).* sma
    sonicwall/sma_1000: sma(?:1000|6200|6210|7200|7210|8200v).*
    dlink/nas: dn[sr]\d.*
    dlink/routers: d[iswh][rlap]\w?\d.* dap\d.* dcs\d.*
    zyxel/firewalls: (?:atp|usg|vpn\d|zywall|usgflex).*
    zyxel/nas: nas\d.*
    netgear/routers: (?:r|d|dgn|wn[a-z]*|xr|ex|rax|rbr|rbs)\d.*
    tplink/archer: archer.*
    tplink/routers: archer.* tl\w*\d.*
    qnap/nas: qts qutshero qutscloud
    sap/netweaver: netweaver.*
    citrix/netscaler: (?:netscaler)?(?:adc|applicationdeliverycontroller.*|gateway.*)
    gigabyte/drivers: appcenter aorus.* xtreme.* ocguru.* gdrv
    ivanti/connect_secure: connectsecure policysecure ics ips pulseconnectsecure neurons.*
    ietf/http2: http2?
"""

# A part, or another name, by which the KEV catalogue means something wider or else.
# Vendor, expressions of the entry's product in one spelling, and the canonical keys meant.
_WINDOWS_PARTS_TEXT = """
    windows win32k dwmcorelibrary smartscreenprompt streamingservice streamingserviceproxy defender
    atmfontdriver ancillaryfunctiondriver ancillaryfunctiondriverafdsys clientserverruntimesubsystem
    directxgraphicskernel enhancedcryptographicprovider graphicscomponent graphicsdeviceinterface
    httpprotocolstack httpsys hypervremotefx inputmethodeditorjapanese kerberoskeydistributioncenter mshtml
    netlogon remotedesktopservices smbv1 smbv1server smbv3 taskscheduler updatenotificationmanager
    winverifytrustfunction windowscngkeyisolationservice windowscomeventsystemservice wordpad
    xmlcoreservices activedirectory internetexplorerscriptingengine malwareprotectionengine
"""
_WINDOWS = frozenset(_WINDOWS_PARTS_TEXT.split())
_CATALOGUE_TEXT = """
    microsoft/ office.* excel word powerpoint outlook publisher project mscomctlocx =>
        family:microsoft/office
    microsoft/ exchange.* => family:microsoft/exchange_server
    microsoft/ sharepoint.* => family:microsoft/sharepoint
    microsoft/ sqlserver => family:microsoft/sql_server
    microsoft/ netframework.* => family:microsoft/dotnet_framework
    microsoft/ netcore.* => family:microsoft/dotnet family:microsoft/visual_studio
    microsoft/ skypeforbusiness => family:microsoft/skype_for_business
    microsoft/ internetexplorer.* => cpe:a:microsoft:internet_explorer
    google/ chrom(?:e|ium).+ => cpe:a:google:chrome
    google/ androidkernel kernel => cpe:o:google:android cpe:o:linux:linux_kernel
    google/ framework androidos pixel => cpe:o:google:android
    jenkins/ jenkins(?:commandlineinterface|stapler|userinterface).* commandlineinterface
        staplerwebframework userinterface => cpe:a:jenkins:jenkins
    gitlab/ (?:ceee|communityandenterpriseeditions) => cpe:a:gitlab:gitlab
    arm/ mali.* => family:arm/mali
    dlink/ multiplenas.* => family:dlink/nas
    dlink/ multiplerouters.* => family:dlink/routers
    draytek/ (?:multiple)?vigorrouters => family:draytek/vigor
    dahua/ ipcamera.* => family:dahua/ip_cameras family:dahuasecurity/ip_cameras
    qualcomm/ multiplechipsets snapdragon.* => family:qualcomm/chipsets
    mediatek/ multiplechipsets => family:mediatek/chipsets
    mitel/ sipphones => family:mitel/sip_phones
    oracle/ fusionmiddleware => family:oracle/fusion_middleware
    oracle/ multipleproducts => family:oracle/fusion_middleware family:oracle/java
    oracle/ java.* => family:oracle/java cpe:a:oracle:java_se
    oracle/ adffaces => name:oracle/applicationdevelopmentframework cpe:a:oracle:jdeveloper
    oracle/ intelligenceenterpriseedition => name:oracle/businessintelligenceenterpriseedition
    oracle/ agileproductlifecyclemanagement => family:oracle/agile_plm
    oracle/ ebusinesssuite => family:oracle/e_business_suite
    oracle/ solaris.* => cpe:o:oracle:solaris
    fortinet/ multipleproducts => family:fortinet/appliances
    apple/ multipleproducts => family:apple/systems
    nice/ linearemerge.* => family:nice/linear_emerge
    unitronics/ vision.* => family:unitronics/vision
    checkpoint/ quantumsecuritygateways => family:checkpoint/quantum_gateways
    servicenow/ .*nowplatform => family:servicenow/now_platform
    northgrid/ proself => family:northgrid/proself
    zoho/ manageengine => family:zoho/manageengine
    samsung/ mobiledevices => family:samsung/mobile_devices
    sonicwall/ (?:sslvpn)?sma100.* => family:sonicwall/sma_100
    sonicwall/ sma1000.* => family:sonicwall/sma_1000
    zyxel/ multiplefirewalls multipleproducts => family:zyxel/firewalls
    zyxel/ multiplenetworkattached.* => family:zyxel/nas
    netgear/ multiple(?:routers|devices) => family:netgear/routers
    tplink/ multiplearcherdevices => family:tplink/archer
    tplink/ multiplerouters => family:tplink/routers
    qnap/ .*networkattachedstorage => family:qnap/nas
    citrix/ .*(?:netscaler|applicationdeliverycontroller).* => family:citrix/netscaler
    gigabyte/ multipleproducts => family:gigabyte/drivers
    vmware/ multipleproducts => cpe:o:vmware:esxi cpe:a:vmware:vcenter_server
        name:vmware/workspaceoneaccess
    ietf/ http2 => family:ietf/http2
    sap/ netweaver multipleproducts => family:sap/netweaver
    osgeo/ geoserver => name:geoserver/geoserver
    ivanti/ connectsecure.* => family:ivanti/connect_secure cpe:a:ivanti:connect_secure
"""

_Members = dict[str, tuple[tuple[str, re.Pattern[str]], ...]]
_Catalogue = dict[str, tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]]


def _entries(text: str) -> list[list[str]]:
    """The entries of a table written as text: one a line, continued by deeper lines; as words."""
    found: list[list[str]] = []
    for line in filter(str.strip, text.splitlines()):
        if line.startswith("        "):
            found[-1].extend(line.split())
        else:
            found.append(line.split())
    return found


def _any_of(expressions: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in expressions))


def _members() -> _Members:
    found: _Members = {}
    for head, *expressions in _entries(_MEMBERS_TEXT):
        vendor, _slash, family = head.rstrip(":").partition("/")
        found[vendor] = (*found.get(vendor, ()), (family, _any_of(expressions)))
    return found


def _catalogue() -> _Catalogue:
    found: _Catalogue = {}
    for head, *words in _entries(_CATALOGUE_TEXT):
        arrow = words.index("=>")
        entry = (_any_of(words[:arrow]), tuple(words[arrow + 1 :]))
        found[head.rstrip("/")] = (*found.get(head.rstrip("/"), ()), entry)
    return found


_MEMBERS, _CATALOGUE = _members(), _catalogue()

# Names of an inventory that say the family and no more.
_BARE: dict[str, dict[str, str]] = {
    "microsoft": {
        "office": "office",
        "exchangeserver": "exchange_server",
        "exchange": "exchange_server",
        "sharepoint": "sharepoint",
        "sharepointserver": "sharepoint",
        "sqlserver": "sql_server",
        "netframework": "dotnet_framework",
        "visualstudio": "visual_studio",
    },
    "citrix": {"netscaler": "netscaler"},
    "zoho": {"manageengine": "manageengine"},
    "fortinet": {"appliance": "appliances"},
}


def bare_family(vendor: str, product: str) -> str:
    """The family that an installed product's name is, and no more; empty when it names a product."""
    family = _BARE.get(vendor, {}).get(product, "")
    return f"{PREFIX}{vendor}/{family}" if family else ""


def families_of(vendor: str, product: str) -> tuple[str, ...]:
    """The families that a product belongs to; both names in one spelling."""
    patterns = _MEMBERS.get(vendor, ())
    return tuple(f"{PREFIX}{vendor}/{family}" for family, pattern in patterns if pattern.fullmatch(product))


def meant_by_catalogue(vendor: str, product: str) -> tuple[str, ...]:
    """The keys that a KEV entry means by these names, wider or narrower than a product's."""
    if vendor == "microsoft" and product in _WINDOWS:
        return (f"{PREFIX}microsoft/windows",)
    for pattern, keys in _CATALOGUE.get(vendor, ()):
        if pattern.fullmatch(product):
            return keys
    return ()


def is_family(key: str) -> bool:
    """Whether a key names more than one product: no version of one compares with it."""
    return key.startswith(PREFIX)
