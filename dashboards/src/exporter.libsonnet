// SPDX-License-Identifier: Apache-2.0
// Is keyshift itself well: its sources, its logs, its state, its process.
// Where all jobs are shown, other programs' metrics of these names are not. Of a keyshift that is down, too.
local of_keyshift = ' and on (job, instance) last_over_time(keyshift_build_info{}';
local dashboard = import 'dashboard.libsonnet';
local meaning = import 'meaning.libsonnet';
local panels = import 'panels.libsonnet';

function(settings)
  local up_or_down = panels.words({ '0': ['down', meaning.harm], '1': ['up', meaning.good] });

  local answer = [
    [panels.row('Answer'), 24, 1],
    [panels.stat('Prometheus reaches keyshift', 'Whether the last scrape succeeded.', 'none', 'up{}' + of_keyshift + '[1d])', 'No target') + panels.filled + up_or_down, 5, 5],
    [panels.stat(
      'Sources that are down',
      'Their last values stay, and grow old.',
      'none',
      'count without (source) (keyshift_source_up{} == 0) or 0 * count without (source) (keyshift_source_up{})',
      'No source'
    ) + panels.filled + panels.thresholds([[meaning.good, null], [meaning.harm, 1]]), 5, 5],
    [panels.stat(
      'Age of the oldest numbers',
      'How long ago the source that was not read for longest was read.',
      's',
      'max without (source) (time() - keyshift_source_last_success_timestamp_seconds{})',
      'Nothing was read yet'
    ) + panels.thresholds([[meaning.good, null], [meaning.act, settings.daemon.stale_after_seconds]]), 5, 5],
    [panels.stat('Configuration', 'Whether it was valid when it was last read.', 'none', 'keyshift_config_last_reload_successful{}', 'Unknown')
     + panels.words({ '0': ['wrong', meaning.act], '1': ['valid', meaning.good] }), 4, 5],
    [panels.text('Version', 'Of the program that runs.', 'keyshift_build_info{}', 'version', 'Unknown'), 5, 5],
  ];

  local trend = [
    [panels.row('Trend'), 24, 1],
    [panels.timeline(
      'Sources',
      'Whether the last poll of each source succeeded.',
      [{ expr: 'keyshift_source_up{}', legend: '{{instance}} {{source}}' }],
      'No source'
    ) + up_or_down, 12, 8],
    [panels.series(
      'Age of the numbers',
      'How long ago each source was last read; the line is the alert DataStale.',
      's',
      [{ expr: 'time() - keyshift_source_last_success_timestamp_seconds{}', legend: '{{instance}} {{source}}' }],
      'Nothing was read yet'
    ) + panels.lines([['transparent', null], [meaning.act, settings.daemon.stale_after_seconds]]), 12, 8],
    [panels.series(
      'Failed polls',
      'Per minute, by reason: connect (network, server), auth (user, password), permission (a grant), timeout (load, locks), schema, parse.',
      'cpm',
      [{ expr: 'sum by (source, reason) (rate(keyshift_source_errors_total{}[$__rate_interval]) * 60) > 0 or sum by (source) (rate(keyshift_source_errors_total{}[$__rate_interval])) == 0', legend: '{{source}} {{reason}}' }],
      'Unknown'
    ), 8, 8],
    [panels.series(
      'How long polls take',
      'By the 95th percentile; failed ones too. From classic histograms: empty where Prometheus stores native ones alone.',
      's',
      [{ expr: 'histogram_quantile(0.95, sum by (source, le) (rate(keyshift_source_poll_duration_seconds_bucket{}[$__rate_interval])))', legend: '{{source}}' }],
      'No poll yet'
    ), 8, 8],
    [panels.series(
      'Polls',
      'Per minute.',
      'cpm',
      [{ expr: 'sum by (source) (rate(keyshift_source_poll_duration_seconds_count{}[$__rate_interval]) * 60)', legend: '{{source}}' }],
      'No poll yet'
    ), 8, 8],
  ];

  local logs = [
    [panels.row('Logs'), 24, 1],
    [panels.series(
      'Lines',
      'Per second. unparsed and oversized ones are not understood: the alert LogUnparsed.',
      'ops',
      [{ expr: 'sum by (source, result) (rate(keyshift_log_lines_total{}[$__rate_interval]))', legend: '{{source}} {{result}}' }],
      'No log is read'
    ), 8, 8],
    [panels.series(
      'Read',
      'Bytes of logs per second.',
      'Bps',
      [{ expr: 'sum by (source) (rate(keyshift_log_read_bytes_total{}[$__rate_interval]))', legend: '{{source}}' }],
      'No log is read'
    ), 8, 8],
    [panels.series(
      'Not read yet',
      'Bytes between what was read and the end of the log.',
      'bytes',
      [{ expr: 'sum by (source) (keyshift_log_lag_bytes{})', legend: '{{source}}' }],
      'No log is read'
    ), 8, 8],
  ];

  local process = [
    [panels.row('State, requests and process'), 24, 1],
    [panels.series(
      'State file',
      'With its write-ahead log.',
      'bytes',
      [{ expr: 'keyshift_state_size_bytes{}', legend: '{{instance}} state' }],
      'No state'
    ), 8, 7],
    [panels.series(
      'Results that could not be saved',
      'Per minute. They are found and saved again when saving works.',
      'cpm',
      [{ expr: 'rate(keyshift_state_write_errors_total{}[$__rate_interval]) * 60', legend: '{{instance}} not saved' }],
      'Unknown'
    ) + panels.colour(meaning.act), 8, 7],
    [panels.series(
      'Requests to keyshift',
      'Per second, by what was asked for and the answer.',
      'reqps',
      [{ expr: 'sum by (handler, code) (rate(keyshift_http_server_requests_total{}[$__rate_interval])) > 0', legend: '{{handler}} {{code}}' }],
      'Unknown'
    ), 8, 7],
    [panels.series('Processor', 'Share of one core.', 'percentunit', [{ expr: 'rate(process_cpu_seconds_total{}[$__rate_interval])' + of_keyshift + '[$__rate_interval])', legend: '{{instance}} used' }], 'Unknown'), 8, 7],
    [panels.series('Memory', 'Resident.', 'bytes', [{ expr: 'process_resident_memory_bytes{}' + of_keyshift + '[$__rate_interval])', legend: '{{instance}} resident' }], 'Unknown'), 8, 7],
    [panels.series(
      'Descriptors',
      'Open ones, and how many there may be.',
      'none',
      [
        { expr: 'process_open_fds{}' + of_keyshift + '[$__rate_interval])', legend: '{{instance}} open' },
        { expr: 'process_max_fds{}' + of_keyshift + '[$__rate_interval])', legend: '{{instance}} limit' },
      ],
      'Unknown'
    ) + panels.colour_of('B', meaning.unknown, true) + { fieldConfig+: { defaults+: { custom+: { scaleDistribution: { type: 'log', log: 10 } } } } }, 8, 7],
  ];

  local to_do = [
    [panels.row('To do'), 24, 1],
    [panels.table(
       'Source by source',
       'What is wrong with a source, the log of keyshift says, and `keyshift doctor` how to mend it.',
       'none',
       [
         { expr: 'sum by (whose, source) (label_replace(keyshift_source_up{}, "whose", "$1", "$whose", "(.+)"))' },
         { expr: 'sum by (whose, source) (label_replace(time() - keyshift_source_last_success_timestamp_seconds{}, "whose", "$1", "$whose", "(.+)"))' },
         { expr: 'sum by (whose, source) (label_replace(increase(keyshift_source_errors_total{}[$__range]), "whose", "$1", "$whose", "(.+)"))' },
         { expr: 'sum by (whose, source) (label_replace(increase(keyshift_source_resets_total{}[$__range]), "whose", "$1", "$whose", "(.+)"))' },
         { expr: 'sum by (whose, source) (label_replace(keyshift_observation_start_timestamp_seconds{}, "whose", "$1", "$whose", "(.+)")) * 1000' },
       ],
       'No source'
     ) + panels.merged
     + panels.columns([['whose', 'Instance'], ['source', 'Source'], ['Value #A', 'Up'], ['Value #B', 'Age'], ['Value #C', 'Failed polls'], ['Value #D', 'Resets'], ['Value #E', 'Read since']])
     + panels.column('Up', {
       mappings: [{ type: 'value', options: { '0': { text: 'down', color: meaning.harm, index: 0 }, '1': { text: 'up', color: meaning.good, index: 1 } } }],
       'custom.cellOptions': { type: 'color-text' },
     })
     + panels.column('Age', { unit: 's' })
     + panels.column('Failed polls', { decimals: 0 })
     // Not every source can be reset.
     + panels.column('Resets', { decimals: 0, noValue: '–' })
     + panels.column('Read since', { unit: 'dateTimeFromNow' }), 24, 9],
  ];

  dashboard.new(
    'keyshift-exporter',
    'Is keyshift itself well: can it read its sources and logs, are its numbers young, does it save them, what does it use?',
    'now-24h',
    '5m',
    settings,
    answer + trend + logs + process + to_do
  )
