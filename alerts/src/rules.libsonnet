// SPDX-License-Identifier: Apache-2.0
// What all alerts have: a severity, three annotations, and a heading of docs/runbooks.md.
function(runbooks) {
  // `for` is an empty string where one evaluation is enough.
  alert(name, severity, expr, duration, summary, description):: {
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

  record(name, expr):: { record: name, expr: expr },
}
