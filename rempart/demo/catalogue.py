"""Real products and versions, so that real CVE and KEV records hit the demo government's assets.

Each product: how inventories name it, where it runs, how common it is, and its versions from the oldest to
the newest; bodies differ in how far behind they are.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """``purl`` and ``cpe`` are templates whose ``{}`` is the version; empty when inventories give names only."""

    vendor: str
    name: str
    runs_on: tuple[str, ...]
    share: float  # of the assets of those kinds that hold it
    versions: tuple[str, ...]
    purl: str = ""
    cpe: str = ""


_APP = ("server", "application", "container")
_SERVER = ("server",)
_DESK = ("workstation",)
_NET = ("network",)

PRODUCTS: tuple[Product, ...] = (
    Product("Apache", "log4j-core", _APP, 0.25, ("2.12.1", "2.14.1", "2.14.1", "2.14.1", "2.17.1", "2.20.0"),
            purl="pkg:maven/org.apache.logging.log4j/log4j-core@{}"),
    Product("VMware", "spring-core", _APP, 0.10, ("5.3.16", "5.3.20", "6.1.6"),
            purl="pkg:maven/org.springframework/spring-core@{}"),
    Product("Apache", "Tomcat", _APP, 0.12, ("9.0.58", "9.0.83", "10.1.18", "10.1.25"),
            cpe="cpe:2.3:a:apache:tomcat:{}:*:*:*:*:*:*:*"),
    Product("Apache", "HTTP Server", _SERVER, 0.18, ("2.4.49", "2.4.57", "2.4.59", "2.4.62"),
            cpe="cpe:2.3:a:apache:http_server:{}:*:*:*:*:*:*:*"),
    Product("Apache", "Struts", _APP, 0.03, ("2.5.30", "6.3.0.1", "6.3.0.2"),
            purl="pkg:maven/org.apache.struts/struts2-core@{}"),
    Product("Apache", "ActiveMQ", _SERVER, 0.03, ("5.15.15", "5.17.5", "5.18.3"),
            cpe="cpe:2.3:a:apache:activemq:{}:*:*:*:*:*:*:*"),
    Product("Apache", "OFBiz", _SERVER, 0.02, ("18.12.10", "18.12.14", "18.12.16"),
            cpe="cpe:2.3:a:apache:ofbiz:{}:*:*:*:*:*:*:*"),
    Product("nginx", "nginx", _APP, 0.15, ("1.18.0", "1.22.1", "1.25.4", "1.27.1"),
            cpe="cpe:2.3:a:f5:nginx:{}:*:*:*:*:*:*:*"),
    Product("OpenSSL", "OpenSSL", _APP, 0.40, ("1.1.1k", "3.0.7", "3.0.13", "3.3.2"),
            cpe="cpe:2.3:a:openssl:openssl:{}:*:*:*:*:*:*:*"),
    Product("OpenBSD", "OpenSSH", _SERVER, 0.45, ("8.9p1", "9.3p1", "9.6p1", "9.8p1"),
            cpe="cpe:2.3:a:openbsd:openssh:{}:*:*:*:*:*:*:*"),
    Product("PostgreSQL Global Development Group", "PostgreSQL", _SERVER, 0.14, ("12.12", "14.9", "15.7", "16.4"),
            cpe="cpe:2.3:a:postgresql:postgresql:{}:*:*:*:*:*:*:*"),
    Product("Oracle", "MySQL Server", _SERVER, 0.08, ("8.0.39", "8.0.40"),
            cpe="cpe:2.3:a:oracle:mysql:{}:*:*:*:*:*:*:*"),
    Product("PHP Group", "PHP", _APP, 0.12, ("8.1.12", "8.2.18", "8.2.20", "8.3.8"),
            cpe="cpe:2.3:a:php:php:{}:*:*:*:*:*:*:*"),
    Product("Python", "django", ("application", "container"), 0.10, ("3.2.18", "4.2.7", "4.2.16", "5.0.7"),
            purl="pkg:pypi/django@{}"),
    Product("npm", "lodash", ("application", "container"), 0.10, ("4.17.15", "4.17.21"), purl="pkg:npm/lodash@{}"),
    Product("Atlassian", "Confluence Data Center", _SERVER, 0.03, ("8.3.1", "8.5.2", "8.5.4", "8.9.1"),
            cpe="cpe:2.3:a:atlassian:confluence_data_center:{}:*:*:*:*:*:*:*"),
    Product("GitLab", "GitLab", _SERVER, 0.03, ("16.1.4", "16.5.3", "16.7.5", "17.2.1"),
            cpe="cpe:2.3:a:gitlab:gitlab:{}:*:*:*:enterprise:*:*:*"),
    Product("Jenkins Project", "Jenkins", _SERVER, 0.03, ("2.426.1", "2.440", "2.462.2"),
            cpe="cpe:2.3:a:jenkins:jenkins:{}:*:*:*:-:*:*:*"),
    Product("JetBrains", "TeamCity", _SERVER, 0.02, ("2023.05.3", "2023.11.2", "2023.11.4"),
            cpe="cpe:2.3:a:jetbrains:teamcity:{}:*:*:*:*:*:*:*"),
    Product("Progress", "MOVEit Transfer", _SERVER, 0.02, ("2022.1.4", "2023.0.0", "2023.0.12"),
            cpe="cpe:2.3:a:progress:moveit_transfer:{}:*:*:*:*:*:*:*"),
    Product("ConnectWise", "ScreenConnect", _SERVER, 0.02, ("23.9.7", "23.9.8"),
            cpe="cpe:2.3:a:connectwise:screenconnect:{}:*:*:*:*:*:*:*"),
    Product("VMware", "vCenter Server", _SERVER, 0.04, ("7.0.3", "8.0.1", "8.0.3"),
            cpe="cpe:2.3:a:vmware:vcenter_server:{}:*:*:*:*:*:*:*"),
    Product("Microsoft", "SharePoint Server 2019", _SERVER, 0.04, ("16.0.10396.20000", "16.0.10409.20027"),
            cpe="cpe:2.3:a:microsoft:sharepoint_server:{}:*:*:*:*:*:*:*"),
    Product("Microsoft", "Windows Server 2019", _SERVER, 0.25, ("10.0.17763.6189", "10.0.17763.6293", "10.0.17763.6414"),
            cpe="cpe:2.3:o:microsoft:windows_server_2019:{}:*:*:*:*:*:x64:*"),
    Product("Microsoft", "Windows Server 2022", _SERVER, 0.20, ("10.0.20348.2655", "10.0.20348.2700", "10.0.20348.2762"),
            cpe="cpe:2.3:o:microsoft:windows_server_2022:{}:*:*:*:*:*:x64:*"),
    Product("Microsoft", "Windows 11 version 22H2", _DESK, 0.70, ("10.0.22621.4037", "10.0.22621.4169", "10.0.22621.4317", "10.0.22621.4317"),
            cpe="cpe:2.3:o:microsoft:windows_11_22h2:{}:*:*:*:*:*:x64:*"),
    Product("Microsoft", "Windows 10 Version 1607", _DESK, 0.10, ("10.0.14393.7336", "10.0.14393.7428"),
            cpe="cpe:2.3:o:microsoft:windows_10_1607:{}:*:*:*:*:*:x64:*"),
    Product("Google", "Chrome", _DESK, 0.80, ("128.0.6613.84", "129.0.6668.89", "130.0.6723.58", "130.0.6723.69"),
            cpe="cpe:2.3:a:google:chrome:{}:*:*:*:*:*:*:*"),
    Product("Mozilla", "Firefox ESR", _DESK, 0.45, ("115.16.0", "128.3.1", "128.4.0"),
            cpe="cpe:2.3:a:mozilla:firefox_esr:{}:*:*:*:*:*:*:*"),
    Product("Adobe", "Acrobat Reader DC", _DESK, 0.50, ("24.003.20112", "24.003.20180", "24.004.20220"),
            cpe="cpe:2.3:a:adobe:acrobat_reader_dc:{}:*:*:*:continuous:*:*:*"),
    Product("RARLAB", "WinRAR", _DESK, 0.12, ("6.11", "6.23", "7.01"), cpe="cpe:2.3:a:rarlab:winrar:{}:*:*:*:*:*:*:*"),
    Product("7-Zip", "7-Zip", _DESK, 0.30, ("22.01", "23.01", "24.07"), cpe="cpe:2.3:a:7-zip:7-zip:{}:*:*:*:*:*:*:*"),
    Product("Palo Alto Networks", "PAN-OS", _NET, 0.30, ("10.2.4", "10.2.8", "11.0.3", "11.1.4"),
            cpe="cpe:2.3:o:paloaltonetworks:pan-os:{}:*:*:*:*:*:*:*"),
    Product("Fortinet", "FortiOS", _NET, 0.30, ("7.0.6", "7.2.2", "7.2.4", "7.4.4"),
            cpe="cpe:2.3:o:fortinet:fortios:{}:*:*:*:*:*:*:*"),
    Product("Cisco", "IOS XE Software", _NET, 0.35, ("16.12.4", "17.3.3", "17.9.4", "17.12.3"),
            cpe="cpe:2.3:o:cisco:ios_xe:{}:*:*:*:*:*:*:*"),
    Product("Citrix", "NetScaler ADC", _NET, 0.10, ("13.0-91.13", "13.1-49.15", "14.1-12.35"),
            cpe="cpe:2.3:a:citrix:netscaler_application_delivery_controller:{}:*:*:*:-:*:*:*"),
    Product("Ivanti", "Connect Secure", _NET, 0.08, ("9.1R17", "22.3R1", "22.7R2.3"),
            cpe="cpe:2.3:a:ivanti:connect_secure:{}:*:*:*:*:*:*:*"),
    Product("F5", "BIG-IP", _NET, 0.10, ("15.1.8", "16.1.3", "17.1.1"),
            cpe="cpe:2.3:a:f5:big-ip_access_policy_manager:{}:*:*:*:*:*:*:*"),
)  # fmt: skip
