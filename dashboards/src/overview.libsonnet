// SPDX-License-Identifier: Apache-2.0
// How far are we, is anyone locked out, when may the fallback go: for whoever is on call, and whoever asks once a week.
local dashboard = import 'dashboard.libsonnet';
local meaning = import 'meaning.libsonnet';
local panels = import 'panels.libsonnet';

function(settings)
  local day = 86400;
  local colour_of_phase = { [phase]: meaning.phases[phase].colour for phase in std.objectFields(meaning.phases) };
  local action_of_phase = { [phase]: meaning.phases[phase].action for phase in std.objectFields(meaning.phases) };
  local forecast = |||
    sum without (estimate) (keyshift_migration_eta_timestamp_seconds{estimate="p85"})
    or sum without (estimate) (keyshift_migration_eta_timestamp_seconds{estimate="point"})
  |||;

  // After the last sample, where the time range goes on into the future.
  local forecast_line(estimate) = |||
    clamp_min(
      %(left)s * ignoring (state, estimate, source) (%(eta)s - time())
      / ignoring (state, estimate, source) (%(eta)s - ignoring (estimate, source) %(seen)s), 0
    ) and on (job, instance) (time() - %(seen)s > 3600)
  ||| % {
    left: 'last_over_time(keyshift_keys{state="legacy"}[32d])',
    eta: 'last_over_time(keyshift_migration_eta_timestamp_seconds{estimate="%s"}[32d])' % estimate,
    seen: 'last_over_time(keyshift_source_last_success_timestamp_seconds{source="keys"}[32d])',
  };

  local answer = [
    [panels.row('Answer'), 24, 1],
    [panels.one_of(
      'May the fallback be removed?',
      'SAFE only while every required check passes; the checks are below. NOT YET: time alone will do. UNSAFE: something must be done first. UNKNOWN: data are missing. Where no word stands, this Prometheus has nothing of keyshift.',
      'keyshift_fallback_removal_verdict{} == 1',
      'verdict',
      meaning.verdicts,
      'Nothing of keyshift',
      meaning.words_of_verdicts
    ) + panels.filled, 5, 5],
    [panels.stat(
      'Keys locked out',
      'Legacy keys that were in use when the gateway stopped accepting them, and keys that were deleted while in use. Anything but 0: somebody cannot work now.',
      'none',
      'sum without (phase) (keyshift_legacy_keys{phase=~"stranded|retired_in_use"})',
      'Unknown'
    ) + panels.filled + panels.thresholds([[meaning.good, null], [meaning.harm, 1]]) + panels.leads_to('Who fails, and why', '/d/keyshift-auth'), 5, 5],
    [panels.stat(
      'Until the deadline',
      'migration.deadline of the configuration.',
      'suffix: days',
      '(keyshift_migration_deadline_timestamp_seconds{} - time()) / %d' % day,
      'No deadline'
    ) + panels.decimals(0) + panels.thresholds([[meaning.harm, null], [meaning.act, 0], [meaning.good, settings.migration.deadline_is_near_seconds / day]]), 4, 5],
    [panels.stat(
      'Days of reserve',
      'Days between the forecast end (85 % of simulated continuations are over by then, else by the median pace) and the deadline. Negative: too late.',
      'suffix: days',
      '(keyshift_migration_deadline_timestamp_seconds{} - (%s)) / %d' % [forecast, day],
      'No forecast yet'
    ) + panels.decimals(0) + panels.thresholds([[meaning.harm, null], [meaning.good, 0]]), 5, 5],
    [panels.stat(
      'Safe at the earliest',
      'Before this the fallback cannot be found safe to remove, by what is known now. It moves on with every use of a legacy key. No date stands here while something must be done first.',
      'dateTimeFromNow',
      |||
        keyshift_fallback_removal_earliest_timestamp_seconds{} * 1000
        unless on (job, instance) keyshift_fallback_removal_verdict{verdict="unsafe"} == 1
        or sum without (verdict) (keyshift_fallback_removal_verdict{verdict="unsafe"} == 1) * 0
      |||,
      'Unknown'
    ) + panels.words({ '0': ['Not before somebody acts', meaning.act] }) + panels.letters(24), 5, 5],
    [panels.gauge(
      'Removed',
      'Share of all legacy keys there ever were that is deleted or upgraded.',
      'percentunit',
      'keyshift_migration_removed_ratio{}',
      'Unknown'
    ) + panels.colour(meaning.good), 4, 5],
    [panels.gauge(
      'Removed or out of use',
      'The same, with the keys that are replaced, no longer used, and only still to be deleted.',
      'percentunit',
      'keyshift_migration_drained_ratio{}',
      'Unknown'
    ) + panels.colour('light-green'), 4, 5],
    [panels.sparkline(
      'Legacy keys left',
      'Rows of the key table without a lookup hash.',
      'none',
      'keyshift_keys{state="legacy"}',
      'Unknown'
    ) + panels.colour(meaning.waiting), 4, 5],
    [panels.sparkline(
      'Used within a day',
      'Legacy keys whose last use lies within 24 hours. Without a fallback this stands still for whoever is locked out.',
      'none',
      'keyshift_legacy_keys_used{window="24h"}',
      'Unknown'
    ) + panels.colour(meaning.neutral), 4, 5],
    [panels.one_of(
      'The migration is',
      'stalled: nothing was removed for a week. regressing: more legacy keys than a drain window ago. draining: all that are left are out of use.',
      'keyshift_migration_state{} == 1',
      'state',
      meaning.states,
      'unknown'
    ), 4, 5],
    [panels.one_of(
      'The fallback is',
      'Whether the gateway still accepts legacy keys. Where it is absent, an idle key may be one whose client is locked out.',
      'keyshift_fallback_mode{} == 1',
      'mode',
      meaning.modes,
      'unknown'
    ), 4, 5],
  ];

  local trend = [
    [panels.row('Trend'), 24, 1],
    [panels.series(
       'Burn-down',
       'Legacy keys left, and those of them that still have to move, against the straight line that ends at the deadline. With a time range that goes on into the future (the link "With forecast" above) the lines to the forecast end are drawn too.',
       'none',
       [
         { expr: 'keyshift_keys{state="legacy"}', legend: '{{instance}} left' },
         { expr: 'keyshift_legacy_keys_baseline{} * (1 - keyshift_migration_drained_ratio{})', legend: '{{instance}} still to move' },
         {
           expr: |||
             clamp_min(
               last_over_time(keyshift_legacy_keys_baseline{}[32d]) * (last_over_time(keyshift_migration_deadline_timestamp_seconds{}[32d]) - time())
               / (last_over_time(keyshift_migration_deadline_timestamp_seconds{}[32d]) - last_over_time(keyshift_migration_start_timestamp_seconds{}[32d])), 0
             )
           |||,
           legend: '{{instance}} pace to the deadline',
         },
         { expr: forecast_line('p50'), legend: '{{instance}} forecast, as likely as not' },
         { expr: forecast_line('p85'), legend: '{{instance}} forecast, careful' },
       ],
       'The key table was not read yet'
     ) + panels.colour_of('A', meaning.waiting) + panels.colour_of('B', meaning.neutral) + panels.colour_of('C', meaning.unknown, true)
     + panels.colour_of('D', 'light-green', true) + panels.colour_of('E', meaning.act, true), 12, 10],
    [panels.series(
      'Legacy keys by phase',
      'All phases together are all legacy keys there ever were: what is gone stays, as retired, retired_in_use or upgraded.',
      'none',
      [{ expr: 'sum by (phase) (keyshift_legacy_keys{})', legend: '{{phase}}' }],
      'The key table was not read yet'
    ) + panels.stacked + panels.colours(colour_of_phase), 12, 10],
    [panels.series(
      'Forecast end against the deadline',
      'Days of reserve over time, for half and for 85 % of simulated continuations. Below 0 the migration is too late.',
      'suffix: days',
      [
        { expr: '(keyshift_migration_deadline_timestamp_seconds{} - ignoring (estimate) keyshift_migration_eta_timestamp_seconds{estimate="p50"}) / %d' % day, legend: '{{instance}} as likely as not' },
        { expr: '(keyshift_migration_deadline_timestamp_seconds{} - ignoring (estimate) keyshift_migration_eta_timestamp_seconds{estimate="p85"}) / %d' % day, legend: '{{instance}} careful' },
      ],
      'No deadline, or no forecast yet'
    ) + panels.decimals(0) + panels.lines([['transparent', null], [meaning.harm, 0]]) + panels.colour_of('A', 'light-green') + panels.colour_of('B', meaning.act), 12, 8],
    [panels.series(
      'Fallback and failures',
      'Authentications by fallback, and authentications that failed, per second. Which evidence they are counted from, the dashboard Authentication tells.',
      'reqps',
      [
        { expr: 'rate(keyshift_fallback_auth_total{}[$__rate_interval])', legend: '{{instance}} by fallback' },
        { expr: 'sum without (reason) (rate(keyshift_auth_failures_total{}[$__rate_interval]))', legend: '{{instance}} failed' },
      ],
      'Not counted by any source'
    ) + panels.colour_of('A', meaning.neutral) + panels.colour_of('B', meaning.harm) + panels.leads_to('Who fails, and why', '/d/keyshift-auth'), 12, 8],
  ];

  local breakdown = [
    [panels.row('Breakdown'), 24, 1],
    [panels.bars(
      'Keys by phase',
      'Legacy keys by phase, also those that are gone.',
      'none',
      'sort_desc(%s)' % panels.or_none('sum by (phase) (keyshift_legacy_keys{})', 'phase', 'no legacy key ever'),
      'Unknown',
      '{{phase}}'
    ) + panels.colours(colour_of_phase), 8, 9],
    [panels.bars(
      'Keys by last use',
      'Legacy keys that were used within each window; each window has those of the shorter ones in it.',
      'none',
      '',
      'Unknown',
      ''
    ) + panels.each([
      { expr: 'sum by (window) (keyshift_legacy_keys_used{window="%s"})' % window, legend: '{{window}}' }
      for window in meaning.windows
    ]) + panels.colour(meaning.neutral), 8, 9],
    [panels.bars(
      'Keys by bcrypt cost',
      'What one comparison by the fallback costs: one more doubles it.',
      'none',
      |||
        sort_desc(
          label_replace(sum by (cost) (keyshift_legacy_keys_by_bcrypt_cost{}), "name", "cost $1", "cost", "(.*)")
          or label_replace(sum(keyshift_keys{state="legacy"}) == 0, "name", "no legacy key is left", "", "")
        )
      |||,
      'The cost may not be read',
      '{{name}}'
    ) + panels.colour(meaning.neutral), 8, 9],
  ];

  local to_do = [
    [panels.row('To do'), 24, 1],
    [panels.table(
       'What keeps the verdict from SAFE',
       'Every check that has data; failing ones first. A check that is missing here has no data, or no configured source can measure it: `keyshift verdict` tells.',
       'none',
       [{ expr: panels.by_instance('keyshift_fallback_removal_check{}') }],
       'No check has data'
     ) + panels.columns([['check', 'Check'], ['Value', 'Result'], ['whose', 'Instance']])
     + panels.sorted_by('Result', descending=false)
     + panels.column('Check', { mappings: panels.texts(meaning.checks) })
     + panels.column('Instance', { 'custom.width': 150 })
     + panels.column('Result', {
       'custom.width': 90,
       'custom.align': 'left',
       mappings: [{ type: 'value', options: { '0': { text: 'fails', color: meaning.act, index: 0 }, '1': { text: 'passes', color: meaning.good, index: 1 } } }],
       'custom.cellOptions': { type: 'color-text' },
     }), 12, 14],
    [panels.table(
       'Keys to act on',
       'How many keys are in each phase, and what to do with them. `keyshift report --phase PHASE --group-by owner` lists them.',
       'none',
       [{
         expr: 'label_replace(%s, "action", "$1", "phase", "(.+)")'
               % panels.or_none(panels.by_instance('keyshift_legacy_keys{phase!~"retired|upgraded"}'), 'phase', 'none'),
       }],
       'Nothing is known'
     ) + panels.columns([['phase', 'Phase'], ['Value', 'Keys'], ['action', 'What to do'], ['whose', 'Instance']])
     + panels.sorted_by('Keys')
     + panels.column('Phase', { 'custom.width': 125 })
     + panels.column('Keys', { 'custom.width': 100 })
     + panels.column('Instance', { 'custom.width': 150 })
     + panels.column('What to do', { mappings: panels.texts(action_of_phase) }), 12, 14],
    [panels.table(
       'Alerts that fire',
       "Of keyshift's rules, by this Prometheus. Their meaning and what to do is in the runbooks.",
       'none',
       [{ expr: panels.by_instance('ALERTS{alertname=~"Keyshift.+", alertstate="firing"}'), anywhere: true }],
       'None fires, or the rules are not loaded'
     ) + panels.columns([['alertname', 'Alert'], ['severity', 'Severity'], ['source', 'Source'], ['gateway', 'Replica'], ['whose', 'Instance']])
     + panels.column('Alert', { links: [{ title: 'Runbooks', url: settings.runbooks, targetBlank: true }] })
     + panels.column('Severity', {
       mappings: [{ type: 'value', options: { critical: { color: meaning.harm, index: 0 }, warning: { color: meaning.act, index: 1 }, info: { color: meaning.neutral, index: 2 } } }],
       'custom.cellOptions': { type: 'color-text' },
     })
     + panels.sorted_by('Severity', descending=false), 24, 8],
  ];

  local exporter = [
    [panels.row('Can these numbers be believed?'), 24, 1],
    [panels.timeline(
      'Sources',
      'Whether the last poll of each source succeeded. While one is down its last values stay.',
      [{ expr: 'keyshift_source_up{}', legend: '{{instance}} {{source}}' }],
      'No source'
    ) + panels.words({ '0': ['down', meaning.harm], '1': ['up', meaning.good] }) + panels.leads_to('Exporter', '/d/keyshift-exporter'), 16, 7],
    [panels.stat(
       'Age of the numbers',
       'How long ago each source was last read.',
       's',
       'time() - keyshift_source_last_success_timestamp_seconds{}',
       'Nothing was read yet',
       '{{source}}'
     ) + panels.thresholds([[meaning.good, null], [meaning.act, settings.daemon.stale_after_seconds]])
     + { options+: { orientation: 'horizontal' } }, 8, 7],
  ];

  dashboard.new(
    'keyshift-overview',
    'How far is the migration to hashed keys, is anyone locked out, and when may the fallback be removed?',
    'now-30d',
    '10m',
    settings,
    answer + trend + breakdown + to_do + exporter
  ) + {
    links+: [{
      type: 'link',
      title: 'With forecast',
      url: '/d/keyshift-overview?from=now-30d&to=now%2B30d',
      icon: 'bolt',
      tooltip: 'The same, 30 days into the future',
      includeVars: true,
      keepTime: false,
      asDropdown: false,
      targetBlank: false,
      tags: [],
    }],
  }
