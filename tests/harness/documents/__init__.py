# SPDX-License-Identifier: Apache-2.0
"""What the project ships beside the program: documents, alert rules, dashboards, completions."""
