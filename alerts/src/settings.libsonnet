// SPDX-License-Identifier: Apache-2.0
// All that somebody may want to change in alerts and dashboards: after that, `make monitoring`. It is `_config` of mixin.libsonnet.
{
  // Where docs/runbooks.md can be read: the package's file, until somebody says where readers of alerts find it
  // (`make monitoring RUNBOOKS=https://...`).
  runbooks: 'file:///usr/share/doc/keyshift/runbooks.md',
  with_runbooks(other):: if other == '' then self else self { runbooks: other },

  // The targets that are keyshift's, for `up`, which all programs have.
  selector: 'job=~"keyshift.*"',

  dashboards: {
    folder: 'keyshift',
    title_prefix: 'keyshift / ',
    tags: ['keyshift'],
  },

  authentication: {
    // The objective: 99 % of authentications succeed. What is left is the error budget of 30 days.
    error_budget: 0.01,
    // Neither is the failure of a key holder: no key was presented, or a valid one was refused for something else.
    no_failure_of_a_key: 'missing_header|malformed_header|rate_limited|forbidden',
    // Nor is it an attempt with a key that was not held back; requests that are rate limited are left out besides.
    no_attempt: 'missing_header|malformed_header|forbidden',
    // So many times as fast as 30 days allow is the budget used up, over a long window and still over a short one.
    burn: {
      fast: [
        { factor: 14.4, long: '1h', short: '5m' },
        { factor: 6, long: '6h', short: '30m' },
      ],
      slow: [
        { factor: 3, long: '1d', short: '2h' },
        { factor: 1, long: '3d', short: '6h' },
      ],
    },
    // Fewer failures in an hour than this say nothing about a ratio.
    failures_per_hour: 10,
    // Unknown keys are presented to every gateway that the internet reaches: so many in half an hour, and so many
    // times as many as usual, are a client that has lost its key.
    unknown_keys: { at_least: 10, times_usual: 3 },
    // A cache that answers a smaller share than this does not work.
    cache_hit_ratio: 0.1,
    verifications_per_hour: 100,
  },

  migration: {
    // A key that was handed over cleanly but deleted within the drain window stays `retired_in_use` until its
    // replacement is used the next time.
    deleted_in_use_for: '30m',
    // Keys in use are used more often than that.
    upgraded_unused_for: '30m',
    // So long after its end an alert about locked-out clients goes on.
    lingers_for: '15m',
    stalled_for: '1h',
    implausible_for: '1h',
    behind_schedule_for: '6h',
    // With the deadline so near there must be a forecast.
    deadline_is_near_seconds: 14 * 86400,
    not_adopted_for: '3d',
    ready_for: '1d',
    cutover_remembered_for: '7d',
  },

  daemon: {
    down_for: '5m',
    stale_after_seconds: 900,
    // Longer than polls of the key table are apart, and than a census takes.
    behind_after_seconds: 300,
    unparsed_lines_ratio: 0.05,
  },
}
