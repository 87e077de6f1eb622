{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{- define "keyshift.name" -}}
{{- .Values.name | default .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "keyshift.labels" -}}
{{ include "keyshift.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "keyshift.selector" -}}
app.kubernetes.io/name: keyshift
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "keyshift.image" -}}
{{- if eq .Values.image.tag "latest" -}}
{{- fail "image.tag: latest is another program tomorrow; name a version, or leave it out" -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* What every pod has, whatever it reads. */}}
{{- define "keyshift.pod" -}}
serviceAccountName: {{ include "keyshift.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 15
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "keyshift.container" -}}
name: keyshift
image: {{ include "keyshift.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: {{- concat (list "serve" "--config=/etc/keyshift/keyshift.yaml") .Values.args | toYaml | nindent 2 }}
env:
  # Rows that do not fit into memory wait where the state is; nothing else can be written.
  - {name: TMPDIR, value: /var/lib/keyshift}
{{- with .Values.env }}
{{ toYaml . | indent 2 }}
{{- end }}
ports:
  - {name: http, containerPort: 11947}
livenessProbe:
  {{ include "keyshift.probe" (list . "healthy") }}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  {{ include "keyshift.probe" (list . "ready") }}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end -}}

{{- define "keyshift.probe" -}}
{{- $values := (index . 0).Values.probes -}}
{{- if eq $values.by "command" -}}
exec: {command: [keyshift, healthcheck, --config=/etc/keyshift/keyshift.yaml]}
{{- else -}}
httpGet: {path: /-/{{ index . 1 }}, port: http, scheme: {{ $values.scheme }}}
{{- end -}}
{{- end -}}

{{- define "keyshift.confined" -}}
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Whether the cluster has the types of the Prometheus operator; empty where not. */}}
{{- define "keyshift.operator" -}}
{{- $create := .Values.prometheusOperator.create -}}
{{- if or (eq $create "always") (and (eq $create "auto") (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) -}}yes{{- end -}}
{{- end -}}

{{- define "keyshift.monitor" -}}
port: http
interval: {{ .Values.prometheusOperator.interval }}
scrapeTimeout: {{ .Values.prometheusOperator.scrapeTimeout }}
{{- if eq .Values.probes.scheme "HTTPS" }}
scheme: https
{{- end }}
{{- end -}}
