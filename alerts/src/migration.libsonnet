// SPDX-License-Identifier: Apache-2.0
// Whom the migration harms, and whether it gets anywhere.
local settings = (import 'settings.libsonnet').migration;

function(rules) {
  local of_phase(phase) = 'sum without (phase) (keyshift_legacy_keys{phase="%s"})' % phase,

  groups: [
    {
      name: 'keyshift-migration',
      rules: [
        // The later the more careful: 85 % of simulated continuations are over by then; else by the median pace.
        rules.record('instance:keyshift_migration_lateness_seconds:forecast', |||
          (
            sum without (estimate) (keyshift_migration_eta_timestamp_seconds{estimate="p85"})
            or sum without (estimate) (keyshift_migration_eta_timestamp_seconds{estimate="point"})
          )
          - keyshift_migration_deadline_timestamp_seconds
        |||),

        rules.lingering(rules.alert(
          'LegacyKeyStranded',
          'critical',
          of_phase('stranded') + ' > 0\n',
          '',
          'Clients with legacy keys are locked out.',
          '{{ $labels.instance }}: {{ $value }} legacy keys were in use when the gateway stopped accepting them, and no replacement is in use: their clients fail now. `keyshift report --phase stranded --group-by owner` says whose they are.'
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
          '{{ $labels.instance }}: {{ $value }} legacy keys were deleted while in use, and for %s no replacement has been used since: somebody is probably locked out.' % settings.deleted_in_use_for
        ), settings.lingers_for),
        rules.alert(
          'UpgradedUnused',
          'warning',
          'keyshift_legacy_keys_upgraded_unused > 0\n',
          settings.upgraded_unused_for,
          'Legacy keys in use were given a lookup hash, and are not used any more.',
          '{{ $labels.instance }}: {{ $value }} legacy keys that were in use have a lookup hash, and for %s none of these was used: if the hashes are not those of the keys, their clients fail now.' % settings.upgraded_unused_for
        ),
        rules.alert(
          'LegacyKeyCreated',
          'warning',
          'increase(keyshift_legacy_keys_created_total[1h]) > 0\n',
          '',
          'Somebody still creates keys without a lookup hash.',
          '{{ $labels.instance }} saw new legacy keys within the last hour: an old gateway or an old tool is in use, and the migration cannot end.'
        ),
        rules.alert(
          'MigrationStalled',
          'warning',
          'sum without (state) (keyshift_migration_state{state="stalled"}) == 1\n',
          settings.stalled_for,
          'No legacy key was removed for a week.',
          '{{ $labels.instance }}: the migration has come to a halt. `keyshift report --phase all --group-by owner` says what each owner has to do next.'
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
          '{{ $labels.instance }}: {{ if $value }}at the present pace the last legacy key goes {{ $value | humanizeDuration }} after the deadline{{ else }}the deadline is near, and too little was removed to tell when the last legacy key will go{{ end }}.'
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
          '{{ $labels.instance }}: the deadline was {{ $value | humanizeDuration }} ago. `keyshift report` lists the keys that are left.'
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
          '{{ $labels.instance }}: for %s there has always been a new key that nobody uses, at least {{ $value }}, while the old one is in use. `keyshift report --phase issued` lists them.' % settings.not_adopted_for
        ),
        rules.alert(
          'ReadyToDelete',
          'info',
          of_phase('drained') + ' > 0\n',
          settings.ready_for,
          'Legacy keys are replaced and out of use, and may be deleted.',
          '{{ $labels.instance }}: {{ $value }} legacy keys are drained. `keyshift report --phase drained` lists them.'
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
          '{{ $labels.instance }} counted {{ $value | printf \\"%.0f\\" }} uses of the fallback within an hour, after the migration had been found complete, the fallback absent, or its removal safe.'
        ),
        rules.alert(
          'FallbackModeContradicted',
          'warning',
          'keyshift_fallback_mode_contradicted == 1\n',
          '5m',
          'The gateway does not treat legacy keys as the configuration of keyshift asserts.',
          '{{ $labels.instance }}: evidence contradicts gateway.fallback; phases that rest on it are wrong, and the verdict is UNKNOWN.'
        ),
        rules.alert(
          'RowsImplausible',
          'warning',
          'sum without (problem) (keyshift_rows_implausible) > 0\n',
          settings.implausible_for,
          'Rows of the key table hold values that contradict each other.',
          '{{ $labels.instance }}: {{ $value }} values of the key table contradict others and count as none. `keyshift doctor` names them.'
        ),
      ],
    },
  ],
}
