// SPDX-License-Identifier: Apache-2.0
// What colours and words mean, the same in all dashboards. Green is done, red is a customer who fails now.
{
  good: 'green',
  waiting: 'yellow',
  act: 'orange',
  harm: 'red',
  neutral: 'blue',
  unknown: 'text',
  // For words instead of a number: nothing is said about how it stands.
  no_data: '#7b8087',

  // Within which legacy keys were used.
  windows: ['5m', '1h', '24h', '7d', '30d'],

  phases: {
    pending: { colour: 'yellow', action: 'issue a new key' },
    issued: { colour: 'light-blue', action: 'deploy the new key' },
    overlap: { colour: 'blue', action: 'find who still uses the old key' },
    drained: { colour: 'light-green', action: 'block or delete it' },
    dormant: { colour: 'purple', action: 'ask its owner, then block it' },
    quarantined: { colour: 'dark-purple', action: 'wait for the drain window, delete it' },
    expired: { colour: 'dark-orange', action: 'delete it' },
    stranded: { colour: 'red', action: 'fails now: get its owner a new key' },
    retired_in_use: { colour: 'dark-red', action: 'probably locked out: find the owner' },
    retired: { colour: 'green', action: 'nothing' },
    upgraded: { colour: 'dark-green', action: 'nothing' },
  },

  verdicts: { safe: 'green', not_yet: 'yellow', unsafe: 'orange', unknown: 'text' },
  words_of_verdicts: { safe: 'SAFE', not_yet: 'NOT YET', unsafe: 'UNSAFE', unknown: 'UNKNOWN' },

  states: {
    not_started: 'text',
    migrating: 'blue',
    draining: 'light-green',
    stalled: 'orange',
    regressing: 'red',
    complete: 'green',
  },

  modes: { present: 'blue', absent: 'green', unknown: 'text' },

  checks: {
    auth_enforced: 'The gateway checks keys',
    gateway_in_use: 'Modern keys are in use',
    sources_fresh: 'The key table was read lately',
    coverage: 'keyshift has watched for the drain window',
    no_live_use: 'No legacy key is used',
    no_fallback_hits: 'The fallback was not used',
    no_new_legacy: 'Nobody creates legacy keys',
    none_stranded: 'No key was refused while in use',
    none_retired_in_use: 'No key was deleted while in use',
    failures_normal: 'Authentication fails no more than usual',
    inventory: 'Every key that is left is out of use',
    dormant_acknowledged: 'Every dormant key was looked into',
    fallback_mode: 'It is known whether there is a fallback',
  },

  reasons: {
    unknown_key: { colour: 'red', means: 'a legacy key that is no longer accepted, a deleted key, a typo: keyshift failures' },
    key_deleted: { colour: 'dark-red', means: 'deleted while the cache still knew it: find the owner' },
    blocked: { colour: 'orange', means: 'a blocked key is still in use: call its owner' },
    expired: { colour: 'dark-orange', means: 'an expired key is still in use: call its owner' },
    over_budget: { colour: 'yellow', means: 'the budget of the key is spent' },
    user_missing: { colour: 'dark-yellow', means: 'the owner was deleted, the key was not' },
    bad_credentials: { colour: 'purple', means: 'neither a key nor a valid token' },
    invalid_jwt: { colour: 'light-purple', means: 'a session has ended' },
    missing_header: { colour: 'blue', means: 'no key was presented: scanners, or a client without configuration' },
    malformed_header: { colour: 'light-blue', means: 'the header is not Bearer KEY: a client is configured wrongly' },
    rate_limited: { colour: 'dark-blue', means: 'a limit holds: no failure of the key' },
    forbidden: { colour: 'dark-purple', means: "somebody else's key was to be changed" },
    other: { colour: 'text', means: 'none of these' },
  },

  outcomes: {
    success: 'green',
    auth_failure: 'red',
    rate_limited: 'dark-blue',
    client_error: 'yellow',
    server_error: 'orange',
  },
}
