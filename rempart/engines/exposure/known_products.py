"""Well-known software: canonical key → the other keys under which sources and inventories name it.

Checked by hand against the vendor and product strings of the CVE list and of CISA's KEV catalogue.
Packages of Linux distributions are left out on purpose: they carry corrections under versions of
their own, so that the vendor's ranges do not apply to them.
"""

from __future__ import annotations

KNOWN_PRODUCTS: dict[str, tuple[str, ...]] = {
    # Apache
    "cpe:a:apache:log4j": (
        "name:apache/log4j",
        "name:apache/log4j2",
        "name:apache/log4jcore",
        "purl:maven/org.apache.logging.log4j/log4j-core",
    ),
    "cpe:a:apache:http_server": (
        "name:apache/httpserver",
        "name:apache/apachehttpserver",
        "name:apache/httpd",
        "name:apache/webserver",
        "purl:generic/httpd",
        "purl:github/apache/httpd",
    ),
    "cpe:a:apache:tomcat": (
        "name:apache/tomcat",
        "purl:maven/org.apache.tomcat/tomcat",
        "purl:maven/org.apache.tomcat/tomcat-catalina",
        "purl:maven/org.apache.tomcat.embed/tomcat-embed-core",
        "purl:generic/tomcat",
    ),
    "cpe:a:apache:struts": (
        "name:apache/struts",
        "name:apache/struts2",
        "purl:maven/org.apache.struts/struts2-core",
    ),
    "cpe:a:apache:activemq": (
        "name:apache/activemq",
        "name:apache/activemqclassic",
        "purl:maven/org.apache.activemq/activemq-broker",
        "purl:maven/org.apache.activemq/activemq-all",
        "purl:maven/org.apache.activemq/activemq-client",
    ),
    "cpe:a:apache:ofbiz": ("name:apache/ofbiz",),
    "cpe:a:apache:superset": ("name:apache/superset", "purl:pypi/apache-superset"),
    "cpe:a:apache:airflow": ("name:apache/airflow", "purl:pypi/apache-airflow"),
    "cpe:a:apache:kafka": ("name:apache/kafka", "purl:maven/org.apache.kafka/kafka-clients"),
    "cpe:a:apache:solr": ("name:apache/solr", "purl:maven/org.apache.solr/solr-core"),
    "cpe:a:vmware:spring_framework": (
        "name:vmware/springframework",
        "name:spring/springframework",
        "name:spring/framework",
        "cpe:a:pivotal_software:spring_framework",
        "purl:maven/org.springframework/spring-core",
        "purl:maven/org.springframework/spring-beans",
        "purl:maven/org.springframework/spring-web",
        "purl:maven/org.springframework/spring-webmvc",
    ),
    # Libraries, runtimes and servers
    "cpe:a:openssl:openssl": (
        "name:openssl/openssl",
        "purl:generic/openssl",
        "purl:github/openssl/openssl",
    ),
    "cpe:a:openbsd:openssh": (
        "name:openbsd/openssh",
        "name:openssh/openssh",
        "purl:generic/openssh",
        "purl:github/openssh/openssh-portable",
    ),
    "cpe:a:f5:nginx": (
        "name:f5/nginx",
        "name:f5/nginxopensource",
        "name:nginx/nginx",
        "cpe:a:nginx:nginx",
        "cpe:a:f5:nginx_open_source",
        "purl:generic/nginx",
        "purl:github/nginx/nginx",
    ),
    "cpe:a:haxx:curl": (
        "name:haxx/curl",
        "name:curl/curl",
        "cpe:a:curl:curl",
        "purl:generic/curl",
        "purl:github/curl/curl",
    ),
    "cpe:a:php:php": (
        "name:php/php",
        "cpe:a:php_group:php",
        "purl:generic/php",
        "purl:github/php/php-src",
    ),
    "cpe:a:python:cpython": (
        "name:python/cpython",
        "name:python/python",
        "cpe:a:python:python",
        "cpe:a:python_software_foundation:cpython",
        "purl:generic/python",
        "purl:github/python/cpython",
    ),
    "cpe:a:nodejs:node.js": (
        "name:nodejs/nodejs",
        "name:nodejs/node",
        "name:node/nodejs",
        "cpe:a:nodejs:nodejs",
        "purl:generic/node",
        "purl:github/nodejs/node",
    ),
    "cpe:a:isc:bind": ("name:isc/bind", "name:isc/bind9", "purl:generic/bind"),
    "cpe:a:samba:samba": ("name:samba/samba", "purl:generic/samba"),
    "cpe:a:gnu:glibc": ("name:gnu/glibc", "name:gnuclibrary/glibc", "purl:generic/glibc"),
    "cpe:o:linux:linux_kernel": (
        "name:linux/kernel",
        "name:linux/linux",
        "name:linux/linuxkernel",
        "purl:generic/linux",
        "purl:github/torvalds/linux",
    ),
    "cpe:a:oracle:java_se": (
        "name:oracle/javase",
        "name:oracle/javasejdkandjre",
        "name:oracle/jdk",
        "name:oracle/jre",
        "cpe:a:oracle:jdk",
        "cpe:a:oracle:jre",
    ),
    # Databases
    "cpe:a:postgresql:postgresql": (
        "name:postgresql/postgresql",
        "name:postgresqlglobaldevelopment/postgresql",
        "purl:generic/postgresql",
        "purl:github/postgres/postgres",
    ),
    "cpe:a:oracle:mysql": (
        "name:oracle/mysql",
        "name:oracle/mysqlserver",
        "name:mysql/mysql",
        "name:mysql/server",
        "cpe:a:oracle:mysql_server",
        "cpe:a:mysql:mysql",
        "purl:generic/mysql",
        "purl:github/mysql/mysql-server",
    ),
    "cpe:a:redis:redis": ("name:redis/redis", "purl:generic/redis", "purl:github/redis/redis"),
    "cpe:a:oracle:weblogic_server": ("name:oracle/weblogicserver", "name:oracle/weblogic"),
    # Microsoft
    "cpe:a:microsoft:exchange_server": ("name:microsoft/exchangeserver", "name:microsoft/exchange"),
    "cpe:a:microsoft:exchange_server_2016": (
        "name:microsoft/exchangeserver2016",
        "name:microsoft/exchange2016",
    ),
    "cpe:a:microsoft:exchange_server_2019": (
        "name:microsoft/exchangeserver2019",
        "name:microsoft/exchange2019",
    ),
    "cpe:a:microsoft:sharepoint_server_2019": (
        "name:microsoft/sharepointserver2019",
        "name:microsoft/sharepoint2019",
    ),
    "cpe:a:microsoft:sharepoint_enterprise_server_2016": (
        "name:microsoft/sharepointenterpriseserver2016",
        "name:microsoft/sharepointserver2016",
        "name:microsoft/sharepoint2016",
        "cpe:a:microsoft:sharepoint_server_2016",
    ),
    "cpe:a:microsoft:edge_chromium": (
        "name:microsoft/edge",
        "name:microsoft/edgechromium",
        "name:microsoft/edgechromiumbased",
        "cpe:a:microsoft:edge",
    ),
    "cpe:a:microsoft:365_apps": ("name:microsoft/365apps", "name:microsoft/365appsforenterprise"),
    "cpe:o:microsoft:windows_server_2012_r2": ("name:microsoft/windowsserver2012r2",),
    "cpe:o:microsoft:windows_server_2016": ("name:microsoft/windowsserver2016",),
    "cpe:o:microsoft:windows_server_2019": ("name:microsoft/windowsserver2019",),
    "cpe:o:microsoft:windows_server_2022": ("name:microsoft/windowsserver2022",),
    # Browsers
    "cpe:a:google:chrome": ("name:google/chrome", "name:google/googlechrome", "name:google/chromium"),
    "cpe:a:mozilla:firefox": ("name:mozilla/firefox",),
    "cpe:a:mozilla:firefox_esr": ("name:mozilla/firefoxesr",),
    # Network equipment and gateways
    "cpe:o:cisco:ios_xe": (
        "name:cisco/iosxe",
        "name:cisco/iosxesoftware",
        "cpe:a:cisco:ios_xe_software",
        "cpe:o:cisco:ios_xe_software",
    ),
    "cpe:o:cisco:ios": ("name:cisco/ios", "name:cisco/iossoftware"),
    "cpe:a:cisco:adaptive_security_appliance_software": (
        "name:cisco/adaptivesecurityappliancesoftware",
        "name:cisco/adaptivesecurityappliance",
        "name:cisco/asa",
        "name:cisco/asasoftware",
        "cpe:o:cisco:adaptive_security_appliance_software",
    ),
    "cpe:o:fortinet:fortios": ("name:fortinet/fortios", "cpe:a:fortinet:fortios"),
    "cpe:o:paloaltonetworks:pan-os": (
        "name:paloaltonetworks/panos",
        "cpe:a:paloaltonetworks:pan-os",
        "cpe:o:palo_alto_networks:pan-os",
    ),
    "cpe:a:citrix:netscaler_application_delivery_controller": (
        "name:citrix/netscalerapplicationdeliverycontroller",
        "name:citrix/netscaleradc",
        "name:citrix/adc",
        "name:citrix/applicationdeliverycontroller",
    ),
    "cpe:a:citrix:netscaler_gateway": ("name:citrix/netscalergateway", "name:citrix/gateway"),
    "cpe:o:juniper:junos": ("name:juniper/junosos", "name:juniper/junos", "cpe:o:juniper:junos_os"),
    "cpe:o:sonicwall:sonicos": ("name:sonicwall/sonicos",),
    "cpe:a:f5:big-ip": ("name:f5/bigip", "cpe:h:f5:big-ip", "cpe:o:f5:big-ip"),
    "cpe:a:ivanti:connect_secure": (
        "name:ivanti/connectsecure",
        "name:ivanti/pulseconnectsecure",
        "name:ivanti/ics",
        "name:pulsesecure/pulseconnectsecure",
    ),
    # Virtualisation
    "cpe:a:vmware:vcenter_server": ("name:vmware/vcenterserver", "name:vmware/vcenter"),
    "cpe:o:vmware:esxi": ("name:vmware/esxi", "name:vmware/vsphereesxi", "cpe:a:vmware:esxi"),
    # Collaboration, forges and content
    "cpe:a:atlassian:confluence_data_center": (
        "name:atlassian/confluencedatacenter",
        "name:atlassian/confluence",
    ),
    "cpe:a:atlassian:confluence_server": ("name:atlassian/confluenceserver",),
    "cpe:a:atlassian:jira_data_center": (
        "name:atlassian/jiradatacenter",
        "name:atlassian/jira",
    ),
    "cpe:a:atlassian:jira_server": ("name:atlassian/jiraserver",),
    "cpe:a:gitlab:gitlab": (
        "name:gitlab/gitlab",
        "name:gitlab/communityedition",
        "name:gitlab/enterpriseedition",
    ),
    "cpe:a:jenkins:jenkins": (
        "name:jenkins/jenkins",
        "name:jenkins/core",
        "purl:maven/org.jenkins-ci.main/jenkins-core",
    ),
    "cpe:a:wordpress:wordpress": (
        "name:wordpress/wordpress",
        "name:automattic/wordpress",
        "purl:generic/wordpress",
    ),
    "cpe:a:drupal:drupal": ("name:drupal/drupal", "name:drupal/core", "purl:composer/drupal/core"),
    "cpe:a:zimbra:collaboration": (
        "name:zimbra/collaborationsuite",
        "name:zimbra/zimbracollaborationsuite",
        "name:zimbra/collaboration",
        "cpe:a:zimbra:zimbra_collaboration_suite",
        "cpe:a:synacor:zimbra_collaboration_suite",
    ),
    "cpe:a:roundcube:webmail": (
        "name:roundcube/webmail",
        "name:roundcube/roundcube",
        "cpe:a:roundcube:roundcube_webmail",
    ),
    # File transfer, administration, continuous integration
    "cpe:a:progress:moveit_transfer": ("name:progress/moveittransfer", "name:progress/moveit"),
    "cpe:a:fortra:goanywhere_mft": ("name:fortra/goanywheremft", "name:fortra/goanywheremanagedfiletransfer"),
    "cpe:a:connectwise:screenconnect": ("name:connectwise/screenconnect",),
    "cpe:a:jetbrains:teamcity": ("name:jetbrains/teamcity",),
    "cpe:a:solarwinds:web_help_desk": ("name:solarwinds/webhelpdesk",),
    "cpe:a:solarwinds:serv-u": ("name:solarwinds/servu",),
    "cpe:a:adobe:coldfusion": ("name:adobe/coldfusion",),
    "cpe:a:adobe:acrobat_reader_dc": ("name:adobe/acrobatreaderdc",),
    "cpe:a:adobe:acrobat_reader": ("name:adobe/acrobatreader",),
    "cpe:a:docker:docker_desktop": ("name:docker/desktop",),
    "cpe:a:grafana:grafana": ("name:grafana/grafana", "purl:github/grafana/grafana"),
    "cpe:a:kubernetes:kubernetes": (
        "name:kubernetes/kubernetes",
        "purl:generic/kubernetes",
        "purl:github/kubernetes/kubernetes",
    ),
}
