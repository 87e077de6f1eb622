// SPDX-License-Identifier: Apache-2.0
// Where each key is on its way: for whoever drives the migration.
local dashboard = import 'dashboard.libsonnet';
local meaning = import 'meaning.libsonnet';
local panels = import 'panels.libsonnet';

function(settings)
  local colour_of_phase = { [phase]: meaning.phases[phase].colour for phase in std.objectFields(meaning.phases) };
  local of_phase(phases) = 'sum without (phase) (keyshift_legacy_keys{phase=~"%s"})' % phases;

  local answer = [
    [panels.row('Answer'), 24, 1],
    [panels.stat(
      'Clients locked out',
      'Keys that are stranded, or were deleted while in use: `keyshift report --phase stranded`.',
      'none',
      of_phase('stranded|retired_in_use'),
      'Unknown'
    ) + panels.filled + panels.thresholds([[meaning.good, null], [meaning.harm, 1]]), 4, 5],
    [panels.stat('Need a new key', 'pending: in use, or idle for less than a month, and nothing done yet.', 'none', of_phase('pending'), 'Unknown') + panels.colour(colour_of_phase.pending), 4, 5],
    [panels.stat('Switch to be finished', 'issued or overlap: there is a new key, and the old one is still used.', 'none', of_phase('issued|overlap'), 'Unknown') + panels.colour(colour_of_phase.overlap), 4, 5],
    [panels.stat('Ask the owner', 'dormant: not used for a month, and not replaced.', 'none', of_phase('dormant'), 'Unknown') + panels.colour(colour_of_phase.dormant), 4, 5],
    [panels.stat('Ready to delete', 'drained, or expired: nobody would miss them.', 'none', of_phase('drained|expired'), 'Unknown') + panels.colour(colour_of_phase.drained), 4, 5],
    [panels.stat('Owners left', 'Owners with at least one legacy key, as of the last full count.', 'none', 'keyshift_legacy_owners{}', 'Unknown') + panels.colour(meaning.waiting), 4, 5],
    [panels.stat(
      'A legacy key was last used',
      'The latest last_used_at of all legacy keys.',
      'dateTimeFromNow',
      |||
        keyshift_legacy_last_used_timestamp_seconds{} * 1000
        or sum without (state) (keyshift_keys{state="legacy"} == 0)
        or sum without (state) (keyshift_keys{state="legacy"} > 0) * 0 + 1
      |||,
      'Unknown'
    ) + panels.words({ '0': ['No legacy key is left', meaning.good], '1': ['Never', 'text'] }), 12, 4],
    [panels.stat(
      'A legacy key was last removed',
      'When one was last found deleted or upgraded. After a week without: the alert MigrationStalled.',
      'dateTimeFromNow',
      'keyshift_migration_last_progress_timestamp_seconds{} * 1000',
      'Not since keyshift watches'
    ), 12, 4],
  ];

  local trend = [
    [panels.row('Trend'), 24, 1],
    [panels.series(
      'Keys by phase',
      'All phases together are all legacy keys there ever were.',
      'none',
      [{ expr: 'sum by (phase) (keyshift_legacy_keys{})', legend: '{{phase}}' }],
      'The key table was not read yet'
    ) + panels.stacked + panels.colours(colour_of_phase), 12, 9],
    [panels.series(
      'Progress by day',
      'Keys that entered a phase each day. overlap also counts drained keys that were used again.',
      'none',
      [{ expr: panels.or_none('sum by (phase) (increase(keyshift_phase_transitions_total{}[$__interval]))', 'phase', 'no change'), legend: '{{phase}}', interval: '1d' }],
      'Unknown'
    ) + panels.daily_bars + panels.decimals(0) + panels.colours(colour_of_phase), 12, 9],
    [panels.series(
      'Legacy keys in use',
      'Legacy keys that were used within each window.',
      'none',
      [
        { expr: 'sum by (window) (keyshift_legacy_keys_used{window="%s"})' % window, legend: 'within {{window}}' }
        for window in meaning.windows
      ],
      'Unknown'
    ), 12, 8],
    [panels.series(
      'New legacy keys by day',
      'Created since keyshift has watched: an old gateway or an old tool is at work.',
      'none',
      [{ expr: 'increase(keyshift_legacy_keys_created_total{}[$__interval])', legend: '{{instance}} created', interval: '1d' }],
      'Unknown'
    ) + panels.daily_bars + panels.decimals(0) + panels.colour(meaning.act), 12, 8],
  ];

  local breakdown = [
    [panels.row('Breakdown'), 24, 1],
    [panels.bars(
      'Phases',
      'Keys in each phase now.',
      'none',
      'sort_desc(%s)' % panels.or_none('sum by (phase) (keyshift_legacy_keys{})', 'phase', 'no legacy key ever'),
      'Unknown',
      '{{phase}}'
    ) + panels.colours(colour_of_phase), 8, 9],
    [panels.bars(
      'Legacy and modern',
      'Rows of the key table, without and with a lookup hash.',
      'none',
      '',
      'Unknown',
      ''
    ) + panels.each([
      { expr: 'sum by (state) (keyshift_keys{state="%s"})' % state, legend: state }
      // The wider word first: Grafana makes room for the first of the longest.
      for state in ['modern', 'legacy']
    ]) + panels.colours({ legacy: meaning.waiting, modern: meaning.good }), 8, 9],
    [panels.series(
      'Uses of legacy keys',
      'Times per second that a legacy key was found used again: a lower bound.',
      'ops',
      [{ expr: 'rate(keyshift_legacy_uses_observed_total{}[$__rate_interval])', legend: '{{instance}} uses' }],
      'Unknown'
    ) + panels.colour(meaning.neutral), 8, 9],
  ];

  local to_do = [
    [panels.row('To do'), 24, 1],
    [panels.table(
       'Key by key',
       'Phase and idle time of each legacy key, the longest idle first. `keyshift key ID` tells the rest.',
       'none',
       [
         { expr: 'keyshift_key_phase{phase!~"retired|upgraded"} == 1' },
         { expr: 'time() - keyshift_key_last_used_timestamp_seconds{}' },
         { expr: 'keyshift_key_info{}' },
       ],
       'This keyshift exports no series for each key. `keyshift report --phase all` lists them.'
     ) + {
       transformations: [
         { id: 'joinByField', options: { byField: 'key_id', mode: 'outer' } },
       ],
     } + panels.columns([['key_id', 'Key'], ['name', 'Name'], ['owner', 'Owner'], ['phase', 'Phase'], ['Value #B', 'Idle']])
     + panels.column('Idle', { unit: 's', noValue: 'never used' })
     + panels.column('Phase', {
       mappings: [{ type: 'value', options: { [phase]: { color: colour_of_phase[phase] } for phase in std.objectFields(colour_of_phase) } }],
       'custom.cellOptions': { type: 'color-text' },
     })
     + panels.sorted_by('Idle'), 24, 12],
  ];

  local exporter = [
    [panels.row('Can these numbers be believed?'), 24, 1],
    [panels.timeline(
      'The key table',
      'Whether the last poll of it succeeded.',
      [{ expr: 'keyshift_source_up{source="keys"}', legend: '{{instance}} keys' }],
      'The key table is not read here'
    ) + panels.words({ '0': ['down', meaning.harm], '1': ['up', meaning.good] }) + panels.leads_to('Exporter', '/d/keyshift-exporter'), 16, 5],
    [panels.stat(
      'Age of the numbers',
      'How long ago the key table was last read.',
      's',
      'time() - keyshift_source_last_success_timestamp_seconds{source="keys"}',
      'It was not read yet'
    ) + panels.thresholds([[meaning.good, null], [meaning.act, settings.daemon.stale_after_seconds]]), 4, 5],
    [panels.stat(
      'Watched since',
      'When keyshift read the key table for the first time: what happened before, it does not know.',
      'dateTimeFromNow',
      'keyshift_observation_start_timestamp_seconds{source="keys"} * 1000',
      'It was not read yet'
    ), 4, 5],
  ];

  dashboard.new(
    'keyshift-keys',
    'Where the legacy keys are on their way, who has to move next, and what happened each day.',
    'now-30d',
    '10m',
    settings,
    answer + trend + breakdown + to_do + exporter
  )
