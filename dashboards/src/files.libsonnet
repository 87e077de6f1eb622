// SPDX-License-Identifier: Apache-2.0
// All dashboards, by the names of their files.
function(settings) {
  'keyshift-auth.json': (import 'auth.libsonnet')(settings),
  'keyshift-exporter.json': (import 'exporter.libsonnet')(settings),
  'keyshift-keys.json': (import 'keys.libsonnet')(settings),
  'keyshift-overview.json': (import 'overview.libsonnet')(settings),
}
