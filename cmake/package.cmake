# What is installed where, and the Debian package that is made of it. `make package` builds keyshift_packaging before.
set(BUILT ${CMAKE_BINARY_DIR}/packaging)
set(UNITS /usr/lib/systemd/system)
set(DOC share/doc/keyshift)
# A package of one release does not install on another: which one it is for stands in its version.
cmake_host_system_information(RESULT OS QUERY DISTRIB_INFO)
set(PACKAGE_VERSION ${PROJECT_VERSION}~deb${OS_VERSION_ID})
set(VERSION_CODENAME ${OS_VERSION_CODENAME})

# keyshift_unit(FILE OF TITLE CONFIG NAME STATE): the unit for one migration and that for each of several are one text.
function(keyshift_unit UNIT UNIT_OF UNIT_TITLE UNIT_CONFIG UNIT_NAME UNIT_STATE)
  configure_file(systemd/keyshift.service.in ${BUILT}/${UNIT} @ONLY)
  install(FILES ${BUILT}/${UNIT} DESTINATION ${UNITS})
endfunction()
keyshift_unit(keyshift.service "Watches one migration, as /etc/keyshift/keyshift.yaml says." "" keyshift keyshift keyshift)
keyshift_unit(keyshift@.service "Watches one of several migrations: keyshift@NAME as /etc/keyshift/NAME.yaml says."
  " (%i)" %i keyshift-%i keyshift/%i)
install(FILES systemd/keyshift.socket DESTINATION ${UNITS})
install(FILES systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME keyshift.conf)

install(FILES packaging/keyshift.yaml DESTINATION /etc/keyshift)
install(FILES packaging/default DESTINATION /etc/default RENAME keyshift)

file(GLOB DASHBOARDS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/dashboards/*.json)
install(FILES ${DASHBOARDS} dashboards/provisioning.yaml DESTINATION share/keyshift/dashboards)
install(FILES alerts/keyshift.rules.yaml DESTINATION share/keyshift/alerts)
file(READ config/prometheus.yaml PROMETHEUS)
string(REPLACE ../alerts/ /usr/share/keyshift/alerts/ PROMETHEUS "${PROMETHEUS}")
file(CONFIGURE OUTPUT ${BUILT}/prometheus.yaml CONTENT "${PROMETHEUS}" @ONLY)
install(DIRECTORY config/fleet DESTINATION ${DOC}/examples)
install(FILES config/keyshift.yaml config/alertmanager.yaml ${BUILT}/prometheus.yaml packaging/docker-logs.conf
  DESTINATION ${DOC}/examples)

file(GLOB DOCUMENTS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/docs/*.md)
install(FILES ${DOCUMENTS} packaging/copyright DESTINATION ${DOC})
install(DIRECTORY docs/install DESTINATION ${DOC})

# keyshift_gzip(FILE DIRECTORY [DEPENDS...]): installs FILE compressed, the same bytes each time.
function(keyshift_gzip FILE DIRECTORY)
  get_filename_component(name ${FILE} NAME)
  set(compressed ${BUILT}/${name}.gz)
  add_custom_command(OUTPUT ${compressed}
    COMMAND gzip -9 --no-name --stdout ${FILE} > ${compressed} DEPENDS ${FILE} ${ARGN} VERBATIM)
  set_property(GLOBAL APPEND PROPERTY KEYSHIFT_COMPRESSED ${compressed})
  install(FILES ${compressed} DESTINATION ${DIRECTORY})
endfunction()
configure_file(packaging/changelog.in ${BUILT}/changelog @ONLY)
keyshift_gzip(${BUILT}/changelog ${DOC})
keyshift_gzip(${BUILT}/keyshift.1 share/man/man1 keyshift_descriptions)
install(FILES ${BUILT}/keyshift.bash DESTINATION share/bash-completion/completions RENAME keyshift)
install(FILES ${BUILT}/_keyshift DESTINATION share/zsh/vendor-completions)
install(FILES ${BUILT}/keyshift.fish DESTINATION share/fish/vendor_completions.d)
get_property(COMPRESSED GLOBAL PROPERTY KEYSHIFT_COMPRESSED)
add_custom_target(keyshift_packaging DEPENDS ${COMPRESSED})
add_dependencies(keyshift_packaging keyshift keyshift_descriptions)

set(CPACK_GENERATOR DEB)
set(CPACK_DEBIAN_PACKAGE_VERSION ${PACKAGE_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "keyshift maintainers <maintainers@keyshift.example>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# PostgreSQL's parser is loaded when statements are read, so that dpkg-shlibdeps does not see it.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers, ${PG_QUERY_PACKAGE}")
# Loaded when they are needed: for the journal, and for rules that may match anywhere in a line.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, libsystemd0")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql-client, prometheus, prometheus-alertmanager")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "watch of the migration of API keys to hashed lookup")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"An API gateway moves its keys from slow bcrypt comparison, the fallback, to a
lookup by hash. Nobody can compute the new hash of the old keys, so every key
holder must switch to a new one. keyshift reads the gateway's key table, its
logs, and the statistics of PostgreSQL and Redis, exports Prometheus metrics,
and says who still has to move, whether anybody is locked out, and when the
fallback may be removed. It writes nothing to what it watches.

Dashboards for Grafana and rules for Prometheus are included.")
foreach(script conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/scripts/${script})
endforeach()
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
