// SPDX-License-Identifier: Apache-2.0
// Rules and dashboards as a monitoring mixin: import it, and add to `_config` what is to be different (alerts/src/settings.libsonnet).
{
  _config+:: import 'alerts/src/settings.libsonnet',

  local groups = (import 'alerts/src/groups.libsonnet')($._config),
  local group(each, suffix, rules) = { name: each.name + suffix, [if 'interval' in each then 'interval']: each.interval, rules: rules },

  prometheusAlerts+:: { groups+: [group(each, '', each.alerting) for each in groups] },
  prometheusRules+:: { groups+: [group(each, '.rules', each.recording) for each in groups] },

  grafanaDashboardFolder:: $._config.dashboards.folder,
  grafanaDashboards+:: (import 'dashboards/src/files.libsonnet')($._config),
}
