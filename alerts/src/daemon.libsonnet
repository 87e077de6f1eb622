// SPDX-License-Identifier: Apache-2.0
// Whether keyshift can be believed: is it there, can it read, are its numbers young, does it save them.
function(rules, all) {
  local settings = all.daemon,
  local up = 'up{%s}' % all.selector,
  local source_down(severity, matcher, summary, consequence) = rules.alert(
    'SourceDown',
    severity,
    'keyshift_source_up{source%s} == 0\n' % matcher,
    settings.down_for,
    summary,
    '{{ $labels.source }} could not be read for %s; %s Its log and `keyshift doctor` say why, and what to do.' % [settings.down_for, consequence]
  ),

  name: 'keyshift-daemon',
  recording: [
    rules.record('instance_source:keyshift_log_lines_not_understood:ratio_rate30m', |||
      sum without (result) (rate(keyshift_log_lines_total{result=~"unparsed|oversized"}[30m]))
      / (sum without (result) (rate(keyshift_log_lines_total[30m])) > 0)
    |||),
  ],
  alerting: [
    rules.unlabelled(
      'Absent',
      'critical',
      'absent(%s)\n' % up,
      settings.down_for,
      'Prometheus has no keyshift target.',
      'Prometheus{{ with $externalLabels.prometheus }} {{ . }}{{ end }} has no target with %s: look at its scrape_configs, by `promtool check config`.' % all.selector
    ),
    rules.alert(
      'Down',
      'critical',
      up + ' == 0\n',
      settings.down_for,
      'Prometheus cannot scrape keyshift.',
      'it has not answered for %s: nobody watches the migration there. `systemctl status keyshift` on that host says whether it runs.' % settings.down_for
    ),
    source_down('critical', '="keys"', 'The key table cannot be read: nobody knows who would be locked out.', 'what is shown of keys is old, and the verdict UNKNOWN.'),
    source_down('warning', '!="keys"', 'A source of keyshift cannot be read.', 'what it counts is missing.'),
    rules.alert(
      'ReplicaDown',
      'warning',
      'keyshift_gateway_up == 0\n',
      settings.down_for,
      'A replica of the gateway does not answer with its metrics.',
      'the replica {{ $labels.gateway }} has not answered for %s: what it counts is missing, and so may be the proof that the fallback is not used. `keyshift doctor` says why.' % settings.down_for
    ),
    rules.alert(
      'DataStale',
      'warning',
      'time() - keyshift_source_last_success_timestamp_seconds > %s\n' % settings.stale_after_seconds,
      '1m',
      'The numbers of a source are more than 15 minutes old.',
      '{{ $labels.source }} was last read {{ $value | humanizeDuration }} ago. `keyshift doctor` says why.'
    ),
    rules.alert(
      'EvidenceContradicted',
      'warning',
      'keyshift_evidence_contradicted == 1\n',
      '5m',
      'Keys were used that the evidence of fallback hits has not counted.',
      'last uses of legacy keys moved, and what {{ $labels.signal }} hits are counted from did not see them. It is not believed until it has missed none for the drain window: `keyshift verdict` names it, and `keyshift doctor` what it does not recognise.'
    ),
    // Polls go on and succeed, and the data do not become younger.
    rules.alert(
      'StandbyBehind',
      'warning',
      |||
        time() - keyshift_source_last_success_timestamp_seconds{source="keys"} > %s
        and keyshift_source_up{source="keys"} == 1
        and increase(keyshift_source_poll_duration_seconds_count{source="keys"}[5m]) > 0
      ||| % settings.behind_after_seconds,
      '2m',
      'The standby from which keyshift reads the keys is behind its primary.',
      'keys are read as they were {{ $value | humanizeDuration }} ago: what was used since does not show, and the verdict is UNKNOWN. `keyshift doctor` says why.'
    ),
    rules.alert(
      'TableChanged',
      'warning',
      'increase(keyshift_source_resets_total{source="keys"}[1h]) > 0\n',
      '',
      'The key table that keyshift reads is another one than before.',
      'within the last hour another table has taken the place of the one that was watched. Counters begin anew; whether it is the right one is for you to say, by `keyshift accept-table`.'
    ),
    rules.alert(
      'StatisticsReset',
      'warning',
      'increase(keyshift_source_resets_total{source=~"statements|prometheus"}[1h]) > 0\n',
      '',
      'Counters that keyshift reads have begun anew.',
      'counters of {{ $labels.source }} were reset, evicted or lost within the last hour; the coverage that the verdict asks for begins anew. `keyshift verdict` says when it is complete.'
    ),
    rules.alert(
      'StatementsUnclassified',
      'warning',
      'increase(keyshift_statements_unclassified_total[1h]) > 0\n',
      '',
      'A statement on the key table may be the fallback, and is not counted as one.',
      'statements on the key table that fit no class ran {{ $value | printf "%.0f" }} times within the last hour; until they are named, nobody can say that the fallback is not used. `keyshift doctor` lists them.'
    ),
    rules.alert(
      'LogUnparsed',
      'warning',
      |||
        instance_source:keyshift_log_lines_not_understood:ratio_rate30m > %g
      ||| % settings.unparsed_lines_ratio,
      '30m',
      'Many lines of a log cannot be read.',
      '{{ $value | humanizePercentage }} of the lines of {{ $labels.source }} are not in the configured format; failures among them are not counted. `keyshift doctor` shows such lines.'
    ),
    rules.alert(
      'ConfigReloadFailed',
      'warning',
      'keyshift_config_last_reload_successful == 0\n',
      '5m',
      'An old configuration of keyshift is in use.',
      'the configuration file was found wrong when it was last read. `keyshift check FILE` says what is wrong with it.'
    ),
    rules.alert(
      'WebConfigReloadFailed',
      'warning',
      'keyshift_web_config_last_reload_successful == 0\n',
      '5m',
      'An old web configuration of keyshift is in use.',
      'the web configuration, or a certificate or key that it names, was found wrong when it was last read. `keyshift check FILE` says what is wrong with it.'
    ),
    rules.alert(
      'StateWriteFailing',
      'warning',
      'increase(keyshift_state_write_errors_total[15m]) > 0\n',
      '5m',
      'The state of keyshift cannot be saved.',
      'it goes on counting but would lose what is unsaved in a restart: look at the file system of its state directory, by `df -h /var/lib/keyshift` and `journalctl -u keyshift`.'
    ),
  ],
}
