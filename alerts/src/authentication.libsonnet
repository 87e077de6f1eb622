// SPDX-License-Identifier: Apache-2.0
// Failed authentications against their objective, and what authentication costs.
function(rules, all) {
  local settings = all.authentication,
  local burn = settings.burn,
  local windows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'],

  local record_rates(window) = [
    rules.record('instance:keyshift_auth_failures:rate' + window, |||
      sum without (reason) (rate(keyshift_auth_failures_total{reason!~"%s"}[%s]))
    ||| % [settings.no_failure_of_a_key, window]),
    // Attempts with a key that were not held back: by requests where somebody counts them, else by authentications; hits
    // of a whole Redis are neither.
    rules.record('instance:keyshift_auth_attempts:rate' + window, |||
      (
        sum without (outcome) (rate(keyshift_http_requests_total{outcome!="rate_limited"}[%(w)s]))
        - sum without (reason) (rate(keyshift_auth_failures_total{reason=~"%(no_attempt)s"}[%(w)s]))
        or
        sum without (outcome) (rate(keyshift_http_requests_total{outcome!="rate_limited"}[%(w)s]))
      ) > 0
      or
      (
        rate(keyshift_auth_cache_hits_total[%(w)s])
        + rate(keyshift_auth_cache_misses_total[%(w)s])
        + sum without (reason) (rate(keyshift_auth_failures_total{reason!~"%(no_failure)s"}[%(w)s]))
        and on (job, instance) keyshift_evidence_info{signal="auth_cache", evidence!="redis"}
      )
    ||| % { w: window, no_attempt: settings.no_attempt, no_failure: settings.no_failure_of_a_key }),
    rules.record('instance:keyshift_auth_failures:ratio_rate' + window, |||
      instance:keyshift_auth_failures:rate%(w)s / (instance:keyshift_auth_attempts:rate%(w)s > 0)
    ||| % { w: window }),
  ],

  local burns(pair) = |||
    instance:keyshift_auth_failures:ratio_rate%(long)s > %(factor)g * %(budget)g
    and instance:keyshift_auth_failures:ratio_rate%(short)s > %(factor)g * %(budget)g
  ||| % (pair { budget: settings.error_budget }),

  local burn_expression(pairs) = |||
    (
      %s
    )
    and instance:keyshift_auth_failures:rate1h * 3600 >= %s
  ||| % [std.strReplace(std.rstripChars(std.join('or\n', std.map(burns, pairs)), '\n'), '\n', '\n  '), settings.failures_per_hour],

  name: 'keyshift-authentication',
  interval: '1m',
  recording: std.flattenArrays(std.map(record_rates, windows)) + [
    rules.record('instance:keyshift_unknown_keys:increase5m', |||
      sum without (reason) (increase(keyshift_auth_failures_total{reason="unknown_key"}[5m]))
    |||),
    rules.record('instance:keyshift_unknown_keys:increase30m', |||
      sum without (reason) (increase(keyshift_auth_failures_total{reason="unknown_key"}[30m]))
    |||),
    rules.record('instance:keyshift_auth_cache_hits:ratio_rate1h', |||
      rate(keyshift_auth_cache_hits_total[1h])
      / (rate(keyshift_auth_cache_hits_total[1h]) + rate(keyshift_auth_cache_misses_total[1h]) > 0)
      and on (job, instance) keyshift_evidence_info{signal="auth_cache", evidence!="redis"}
    |||),
  ],
  alerting: [
    rules.alert(
      'AuthFailureBurnFast',
      'critical',
      burn_expression(burn.fast),
      '2m',
      'Clients fail to authenticate much more often than the objective allows.',
      '{{ $value | humanizePercentage }} of authentications fail; at this pace the error budget of 30 days is gone within days. `keyshift failures --since 1h` says which clients, and why.'
    ),
    rules.alert(
      'AuthFailureBurnSlow',
      'warning',
      burn_expression(burn.slow),
      '15m',
      'Clients keep failing to authenticate more often than the objective allows.',
      '{{ $value | humanizePercentage }} of authentications fail, and have for a day or more. `keyshift failures --since 24h` says which clients, and why.'
    ),
    rules.alert(
      'UnknownKeyAttempts',
      'warning',
      |||
        instance:keyshift_unknown_keys:increase30m >= %(at_least)s
        and instance:keyshift_unknown_keys:increase30m
          > %(times_usual)s * avg_over_time(instance:keyshift_unknown_keys:increase30m[7d] offset 30m)
        and instance:keyshift_unknown_keys:increase5m * 6
          > %(times_usual)s * avg_over_time(instance:keyshift_unknown_keys:increase30m[7d] offset 30m)
      ||| % settings.unknown_keys,
      '10m',
      'Keys that the gateway does not know are presented far more often than usual.',
      '{{ $value | printf "%.0f" }} attempts with an unknown key within 30 minutes: probably a client whose key was deleted, or a legacy key that is no longer accepted. `keyshift failures --since 1h` says which.'
    ),
    rules.alert(
      'AuthCacheIneffective',
      'warning',
      |||
        instance:keyshift_auth_cache_hits:ratio_rate1h < %(cache_hit_ratio)g
        and rate(keyshift_auth_cache_misses_total[1h]) * 3600 >= %(verifications_per_hour)s
      ||| % settings,
      '1h',
      'The auth cache of the gateway answers next to nothing.',
      'the cache answered {{ $value | humanizePercentage }} of authentications within an hour; nearly every request pays for a lookup and a bcrypt comparison. `keyshift status` shows by what evidence, and `redis-cli INFO` whether the cache loses entries.'
    ),
  ],
}
