// SPDX-License-Identifier: Apache-2.0
// Groups of rules as YAML, each rule in the order in which people read it: what, when, how bad, what to do. std.escapeStringJson would
// take longer than all the rest.
local indented(text) = std.join('\n', ['          ' + line for line in std.split(std.rstripChars(text, '\n'), '\n')]);

local rule(value) =
  std.join('\n', std.prune([
    if 'record' in value then '      - record: ' + value.record else '      - alert: ' + value.alert,
    '        expr: |\n' + indented(value.expr),
    if 'for' in value then '        for: ' + value['for'],
    if 'keep_firing_for' in value then '        keep_firing_for: ' + value.keep_firing_for,
    if 'labels' in value then '        labels: {severity: %s}' % value.labels.severity,
  ] + if 'annotations' in value then ['        annotations:'] + [
    '          %s: "%s"' % [name, std.strReplace(value.annotations[name], '"', '\\"')]
    for name in ['summary', 'description', 'runbook_url']
  ] else []));

local group(value) =
  std.join('\n', std.prune([
    '  - name: ' + value.name,
    if 'interval' in value then '    interval: ' + value.interval,
    '    rules:',
  ]) + [rule(each) for each in value.recording + value.alerting]);

function(groups) 'groups:\n' + std.join('\n', std.map(group, groups)) + '\n'
