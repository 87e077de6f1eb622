// SPDX-License-Identifier: Apache-2.0
// What all alerts have: a severity, three annotations, and a heading of docs/runbooks.md.
function(runbooks) {
  // `duration` is an empty string where one evaluation is enough. The description goes on after the name of the migration: the job
  // and the instance by which Prometheus knows its keyshift.
  alert(name, severity, expr, duration, summary, description):: self.unlabelled(
    name, severity, expr, duration, summary, '{{ $labels.job }} on {{ $labels.instance }}: ' + description
  ),

  // Of no keyshift in particular.
  unlabelled(name, severity, expr, duration, summary, description):: {
    alert: 'Keyshift' + name,
    expr: expr,
    [if duration != '' then 'for']: duration,
    labels: { severity: severity },
    annotations: {
      summary: summary,
      description: description,
      runbook_url: runbooks + '#' + std.asciiLower('Keyshift' + name),
    },
  },

  // It goes on for a while after it has ended: keyshift may just have been started anew, and what it mutes takes longer.
  lingering(alert, duration):: alert { keep_firing_for: duration },

  record(name, expr):: { record: name, expr: expr },
}
