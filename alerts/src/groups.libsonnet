// SPDX-License-Identifier: Apache-2.0
// All rules by group: recording rules, and the alerts that rest on them.
function(settings)
  local rules = (import 'rules.libsonnet')(settings.runbooks);
  [
    (import 'authentication.libsonnet')(rules, settings),
    (import 'migration.libsonnet')(rules, settings),
    (import 'daemon.libsonnet')(rules, settings),
  ]
