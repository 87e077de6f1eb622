// SPDX-License-Identifier: Apache-2.0
// The rules file for Prometheus; `runbooks` overrides where runbook_url leads.
local settings = import 'settings.libsonnet';

function(runbooks='')
  '# Generated from alerts/src by `make monitoring`; thresholds and the address of the runbooks are in settings.libsonnet there.\n'
  + (import 'manifest.libsonnet')((import 'groups.libsonnet')(settings.with_runbooks(runbooks)))
