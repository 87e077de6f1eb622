// SPDX-License-Identifier: Apache-2.0
// Whom the migration harms, and whether it gets anywhere.
function(rules, all) {
  local settings = all.migration,
  local of_phase(phase) = 'sum without (phase) (keyshift_legacy_keys{phase="%s"})' % phase,

  name: 'keyshift-migration',
  recording: [
    // The later the more careful: 85 % of simulated continuations are over by then; else by the median pace.
    rules.record('instance:keyshift_migration_lateness_seconds:forecast', |||
      (
        sum without (estimate) (keyshift_migration_eta_timestamp_seconds{estimate="p85"})
        or sum without (estimate) (keyshift_migration_eta_timestamp_seconds{estimate="point"})
      )
      - keyshift_migration_deadline_timestamp_seconds
    |||),
  ],
  alerting: [
    rules.lingering(rules.alert(
      'LegacyKeyStranded',
      'critical',
      of_phase('stranded') + ' > 0\n',
      '',
      'Clients with legacy keys are locked out.',
      'legacy keys that were in use when the gateway stopped accepting them, and have no replacement in use: {{ $value }}. Their clients fail now. `keyshift report --phase stranded --group-by owner` says whose they are.'
    ), settings.lingers_for),
    rules.lingering(rules.alert(
      'KeyRetiredInUse',
      'critical',
      |||
        (
          %(gone)s - keyshift_legacy_keys_upgraded_unused
          or %(gone)s
        ) > 0
      ||| % { gone: of_phase('retired_in_use') },
      settings.deleted_in_use_for,
      'A legacy key was deleted while it was in use.',
      'legacy keys that were deleted while in use, and of which no replacement has been used for %s: {{ $value }}. Somebody is probably locked out. `keyshift report --phase retired_in_use` lists them.' % settings.deleted_in_use_for
    ), settings.lingers_for),
    rules.alert(
      'UpgradedUnused',
      'warning',
      'keyshift_legacy_keys_upgraded_unused > 0\n',
      settings.upgraded_unused_for,
      'Legacy keys in use were given a lookup hash, and are not used any more.',
      'legacy keys that were in use, were given a lookup hash, and were not used for %s since: {{ $value }}. If the hashes are not those of the keys, their clients fail now. `keyshift report --phase retired_in_use` lists them.' % settings.upgraded_unused_for
    ),
    rules.alert(
      'LegacyKeyCreated',
      'warning',
      'increase(keyshift_legacy_keys_created_total[1h]) > 0\n',
      '',
      'Somebody still creates keys without a lookup hash.',
      'new legacy keys within the last hour: {{ $value | printf "%.0f" }}. An old gateway or an old tool is in use, and the migration cannot end. `keyshift events --since 2h` names them.'
    ),
    rules.alert(
      'MigrationStalled',
      'warning',
      'sum without (state) (keyshift_migration_state{state="stalled"}) == 1\n',
      settings.stalled_for,
      'No legacy key was removed for a week.',
      'the migration has come to a halt. `keyshift report --phase all --group-by owner` says what each owner has to do next.'
    ),
    rules.alert(
      'MigrationBehindSchedule',
      'warning',
      |||
        (
          instance:keyshift_migration_lateness_seconds:forecast > 0
          or
          0 * (keyshift_migration_deadline_timestamp_seconds - time() < %s unless instance:keyshift_migration_lateness_seconds:forecast)
        )
        and on (job, instance) keyshift_keys{state="legacy"} > 0
        and on (job, instance) keyshift_migration_deadline_timestamp_seconds > time()
      ||| % settings.deadline_is_near_seconds,
      settings.behind_schedule_for,
      'The migration will not be done by its deadline.',
      '{{ if $value }}at the present pace the last legacy key goes {{ $value | humanizeDuration }} after the deadline{{ else }}the deadline is near, and too little was removed to tell when the last legacy key will go{{ end }}. `keyshift report --phase all --group-by owner` says who has to do what.'
    ),
    rules.alert(
      'MigrationDeadlineMissed',
      'critical',
      |||
        time() - keyshift_migration_deadline_timestamp_seconds > 0
        and on (job, instance) keyshift_keys{state="legacy"} > 0
      |||,
      '',
      "The migration's deadline has passed and legacy keys are left.",
      'the deadline was {{ $value | humanizeDuration }} ago. `keyshift report` lists the keys that are left.'
    ),
    rules.alert(
      'ReplacementNotAdopted',
      'info',
      |||
        min_over_time(keyshift_legacy_keys{phase="issued"}[%(window)s]) > 0
        and keyshift_legacy_keys{phase="issued"} offset %(window)s > 0
      ||| % { window: settings.not_adopted_for },
      '',
      'New keys were issued days ago and are not in use.',
      'for %s there has always been a new key that nobody uses, at least {{ $value }}, while the old one is in use. `keyshift report --phase issued` lists them.' % settings.not_adopted_for
    ),
    rules.alert(
      'ReadyToDelete',
      'info',
      of_phase('drained') + ' > 0\n',
      settings.ready_for,
      'Legacy keys are replaced and out of use: block them, later delete them.',
      'drained legacy keys: {{ $value }}. `keyshift report --phase drained` lists them. Block them first, and delete them when nobody has called for a drain window: a block can be taken back.'
    ),
    // What was used just before the cutover does not count. Once no legacy key is left, scans that statements show are in vain: somebody presents unknown keys.
    rules.alert(
      'FallbackUsedAfterCutover',
      'warning',
      |||
        increase(keyshift_fallback_auth_total[1h]) > 0
        and on (job, instance) (
          min_over_time(keyshift_migration_state{state="complete"}[1h]) == 1
          or min_over_time(keyshift_fallback_mode{mode="absent"}[1h]) == 1
          or max_over_time(keyshift_fallback_removal_safe[%s]) == 1
        )
        unless on (job, instance) (
          keyshift_evidence_info{signal="fallback", evidence="statements"}
          and on (job, instance) keyshift_keys{state="legacy"} == 0
        )
      ||| % settings.cutover_remembered_for,
      '',
      'The fallback was used although nobody should need it any more.',
      'uses of the fallback within an hour: {{ $value | printf "%.0f" }}, after the migration had been found complete, the fallback absent, or its removal safe. `keyshift verdict` says what was seen.'
    ),
    rules.alert(
      'FallbackModeContradicted',
      'warning',
      'keyshift_fallback_mode_contradicted == 1\n',
      '5m',
      'The gateway does not treat legacy keys as the configuration of keyshift asserts.',
      'evidence contradicts gateway.fallback; phases that rest on it are wrong, and the verdict is UNKNOWN. `keyshift verdict` says which evidence.'
    ),
    rules.alert(
      'RowsImplausible',
      'warning',
      'sum without (problem) (keyshift_rows_implausible) > 0\n',
      settings.implausible_for,
      'Rows of the key table hold values that contradict each other.',
      'values of the key table that contradict others and count as none: {{ $value }}. `keyshift doctor` names them.'
    ),
  ],
}
