// SPDX-License-Identifier: Apache-2.0
// The rules file for Prometheus; `runbooks` overrides where runbook_url leads.
local settings = import 'settings.libsonnet';

function(runbooks='')
  local rules = (import 'rules.libsonnet')(settings.runbooks_at(runbooks));
  local parts = [
    (import 'authentication.libsonnet')(rules),
    (import 'migration.libsonnet')(rules),
    (import 'daemon.libsonnet')(rules),
  ];
  '# Generated from alerts/src by `make monitoring`; thresholds and the address of the runbooks are in settings.libsonnet there.\n'
  + (import 'manifest.libsonnet')(std.flattenArrays([part.groups for part in parts]))
