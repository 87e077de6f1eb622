// SPDX-License-Identifier: Apache-2.0
// Who fails to authenticate, why, how often, and what authentication costs: for whoever was woken.
local dashboard = import 'dashboard.libsonnet';
local meaning = import 'meaning.libsonnet';
local panels = import 'panels.libsonnet';

function(settings)
  local objective = settings.authentication;

  local colour_of_reason = { [reason]: meaning.reasons[reason].colour for reason in std.objectFields(meaning.reasons) };
  local meaning_of_reason = { [reason]: meaning.reasons[reason].means for reason in std.objectFields(meaning.reasons) };
  local no_rules = 'No rules, or not counted';
  local burn(window) = {
    expr: 'instance:keyshift_auth_failures:ratio_rate%s{} / %g' % [window, objective.error_budget],
    legend: '{{instance}} over ' + window,
  };
  local fast = objective.burn.fast[0].factor;

  local answer = [
    [panels.row('Answer'), 24, 1],
    [panels.stat(
      'Authentications that fail',
      'Share of an hour, without requests that presented no key; by alerts/keyshift.rules.yaml. Orange: more than the objective allows. Red: the alert AuthFailureBurnFast.',
      'percentunit',
      'instance:keyshift_auth_failures:ratio_rate1h{}',
      no_rules
    ) + panels.filled + panels.thresholds([[meaning.good, null], [meaning.act, objective.error_budget], [meaning.harm, fast * objective.error_budget]]), 5, 5],
    [panels.sparkline(
      'Unknown keys tried',
      'Per second: legacy keys that are no longer accepted, deleted keys, typos.',
      'reqps',
      'sum without (reason) (rate(keyshift_auth_failures_total{reason="unknown_key"}[$__rate_interval]))',
      'Not counted by any source'
    ) + panels.colour(meaning.harm), 5, 5],
    [panels.stat(
      'Clients with an unknown key',
      'Different addresses that presented one lately. `keyshift failures` names them.',
      'none',
      'sum without (reason) (keyshift_auth_failure_clients{reason="unknown_key"})',
      'No log is read'
    ) + panels.colour(meaning.harm), 5, 5],
    [panels.sparkline(
      'Uses of the fallback',
      'Authentications per second; each compares a key with all legacy keys.',
      'reqps',
      'rate(keyshift_fallback_auth_total{}[$__rate_interval])',
      'Not counted by any source'
    ) + panels.colour(meaning.neutral), 4, 5],
    [panels.stat(
      'Answered by the auth cache',
      'Share of authentications within an hour, by alerts/keyshift.rules.yaml. Red: the alert AuthCacheIneffective.',
      'percentunit',
      'instance:keyshift_auth_cache_hits:ratio_rate1h{}',
      no_rules
    ) + panels.thresholds([[meaning.harm, null], [meaning.good, objective.cache_hit_ratio]]), 5, 5],
  ];

  local trend = [
    [panels.row('Trend'), 24, 1],
    [panels.series(
      'Failed authentications by reason',
      'Per second, by the evidence that is named below. Statements know unknown keys only.',
      'reqps',
      [{ expr: 'sum by (reason) (rate(keyshift_auth_failures_total{}[$__rate_interval]))', legend: '{{reason}}' }],
      'Not counted by any source'
    ) + panels.stacked + panels.colours(colour_of_reason), 12, 9],
    [panels.series(
      'How fast the error budget is used up',
      'So many times as fast as 30 days allow, by alerts/keyshift.rules.yaml. The lines are where alerts begin: AuthFailureBurnSlow and AuthFailureBurnFast.',
      'suffix: ×',
      [burn(window) for window in ['5m', '1h', '6h', '3d']],
      no_rules
    ) + panels.lines([['transparent', null], [meaning.act, objective.burn.slow[1].factor], [meaning.harm, fast]]), 12, 9],
    [panels.series(
      'Requests by outcome',
      'Per second, as the best source that counts them sees them.',
      'reqps',
      [{ expr: 'sum by (outcome) (rate(keyshift_http_requests_total{}[$__rate_interval]))', legend: '{{outcome}}' }],
      'Not counted: no access log is read, no replica counts requests'
    ) + panels.stacked + panels.colours(meaning.outcomes), 12, 8],
    [panels.series(
      'Auth cache',
      'Authentications per second that the cache of the gateway answered, and those that took the full path.',
      'reqps',
      [
        { expr: 'rate(keyshift_auth_cache_hits_total{}[$__rate_interval])', legend: '{{instance}} from the cache' },
        { expr: 'rate(keyshift_auth_cache_misses_total{}[$__rate_interval])', legend: '{{instance}} by the full path' },
      ],
      'Not counted by any source'
    ) + panels.colour_of('A', meaning.good) + panels.colour_of('B', meaning.waiting), 12, 8],
    [panels.series(
      'Lookups and verifications',
      'Statements of the gateway per second: lookups by hash that found a key and that did not, verified keys, and scans of all keys.',
      'ops',
      [
        { expr: 'rate(keyshift_auth_lookups_total{}[$__rate_interval])', legend: '{{instance}} {{result}}' },
        { expr: 'rate(keyshift_auth_verifications_total{}[$__rate_interval])', legend: '{{instance}} verified' },
        { expr: 'rate(keyshift_fallback_scans_total{}[$__rate_interval])', legend: '{{instance}} scans' },
      ],
      'Statements are not read'
    ), 12, 8],
    [panels.series(
      'Keys compared by one fallback',
      'Rows that one scan returned: what each authentication by fallback costs, in bcrypt comparisons at most.',
      'none',
      [{
        expr: 'rate(keyshift_fallback_scanned_keys_total{}[$__rate_interval]) / (rate(keyshift_fallback_scans_total{}[$__rate_interval]) > 0) or rate(keyshift_fallback_scans_total{}[$__rate_interval])',
        legend: '{{instance}} keys',
      }],
      'Statements are not read'
    ) + panels.decimals(0), 12, 8],
  ];

  local breakdown = [
    [panels.row('Breakdown'), 24, 1],
    [panels.bars(
      'Failures by reason',
      'Within the time range of the dashboard.',
      'none',
      'sort_desc(%s)' % panels.or_none('sum by (reason) (increase(keyshift_auth_failures_total{}[$__range]))', 'reason', 'none'),
      'Not counted by any source',
      '{{reason}}'
    ) + panels.decimals(0) + panels.colours(colour_of_reason), 8, 9],
    [panels.bars(
      'Failing clients by reason',
      'Different addresses, lately.',
      'none',
      'sort_desc(%s)' % panels.or_none('sum by (reason) (keyshift_auth_failure_clients{})', 'reason', 'nobody'),
      'No log is read',
      '{{reason}}'
    ) + panels.colours(colour_of_reason), 8, 9],
    [panels.series(
      'Events in the log of the gateway',
      'Lines per second that a rule counts.',
      'ops',
      [{ expr: 'sum by (event) (rate(keyshift_log_events_total{}[$__rate_interval]))', legend: '{{event}}' }],
      'No log of the gateway is read'
    ), 8, 9],
    [panels.series(
      'Entries of the auth caches',
      'In Redis, as of the last complete count.',
      'none',
      [{ expr: 'keyshift_cache_entries{}', legend: '{{instance}} {{cache}}' }],
      'Redis is not read'
    ), 8, 8],
    [panels.series(
      'Redis as a whole',
      'Reads per second of the whole instance, whatever for: not those of the auth cache. Evictions: its memory is too small.',
      'ops',
      [
        { expr: 'rate(keyshift_redis_keyspace_hits_total{}[$__rate_interval])', legend: '{{instance}} hits' },
        { expr: 'rate(keyshift_redis_keyspace_misses_total{}[$__rate_interval])', legend: '{{instance}} misses' },
        { expr: 'rate(keyshift_redis_evicted_keys_total{}[$__rate_interval])', legend: '{{instance}} evicted' },
      ],
      'Redis is not read'
    ), 8, 8],
    [panels.series(
      'Response cache',
      "The gateway's cache of answers, per second. It has nothing to do with keys.",
      'ops',
      [
        { expr: 'rate(keyshift_response_cache_hits_total{}[$__rate_interval])', legend: '{{instance}} hits' },
        { expr: 'rate(keyshift_response_cache_misses_total{}[$__rate_interval])', legend: '{{instance}} misses' },
      ],
      'Not counted by any source'
    ), 8, 8],
  ];

  local to_do = [
    [panels.row('To do'), 24, 1],
    [panels.table(
       'What failures mean',
       'Failures within the time range and what they say. `keyshift failures --since 1h` names clients, addresses and paths.',
       'none',
       [{
         expr: 'label_replace(%s, "means", "$1", "reason", "(.+)")'
               % panels.or_none(panels.by_instance('increase(keyshift_auth_failures_total{}[$__range])'), 'reason', 'none'),
       }],
       'Not counted by any source'
     ) + panels.columns([['reason', 'Reason'], ['Value', 'Failures'], ['means', 'What it means'], ['whose', 'Instance']])
     + panels.sorted_by('Failures')
     + panels.column('Reason', { 'custom.width': 160 })
     + panels.column('Failures', { decimals: 0, 'custom.width': 100 })
     + panels.column('Instance', { 'custom.width': 180 })
     + panels.column('What it means', { mappings: panels.texts(meaning_of_reason) }), 24, 12],
  ];

  local exporter = [
    [panels.row('Can these numbers be believed?'), 24, 1],
    [panels.table(
       'Evidence',
       'What each signal is counted from now: the best source at hand. last_used is a lower bound, redis an upper one.',
       'none',
       [{ expr: panels.by_instance('keyshift_evidence_info{}') }],
       'Nothing is counted'
     ) + panels.columns([['signal', 'Signal'], ['evidence', 'Counted from'], ['whose', 'Instance']])
     + panels.column('Signal', { 'custom.width': 115 })
     + panels.column('Counted from', { 'custom.width': 140 }), 8, 7],
    [panels.timeline(
      'Replicas of the gateway',
      "Whether each replica's own metrics could be read.",
      [{ expr: 'keyshift_gateway_up{}', legend: '{{gateway}}' }],
      'Metrics of the gateway are not read'
    ) + panels.words({ '0': ['down', meaning.harm], '1': ['up', meaning.good] }), 8, 7],
    [panels.timeline(
      'Sources',
      'Whether the last poll of each source succeeded.',
      [{ expr: 'keyshift_source_up{}', legend: '{{instance}} {{source}}' }],
      'No source'
    ) + panels.words({ '0': ['down', meaning.harm], '1': ['up', meaning.good] }) + panels.leads_to('Exporter', '/d/keyshift-exporter'), 8, 7],
  ];

  dashboard.new(
    'keyshift-auth',
    'Who fails to authenticate and why, how much is left of the error budget, and what authentication costs.',
    'now-6h',
    '2m',
    settings,
    answer + trend + breakdown + to_do + exporter
  )
