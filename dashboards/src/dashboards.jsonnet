// SPDX-License-Identifier: Apache-2.0
// The files of the dashboards, for `jsonnet --multi`; `runbooks` overrides where links to runbooks lead.
local settings = import '../../alerts/src/settings.libsonnet';

function(runbooks='') (import 'files.libsonnet')(settings.with_runbooks(runbooks))
