# SPDX-License-Identifier: Apache-2.0
"""What the tests and the demo stand on; ARCHITECTURE.md, section Tests, says what each folder holds.

Every server here is the real one from Debian, started on loopback on a port of its own with a private temporary
directory, and stopped by process id whatever happens to the test: at the end of the `with` block or fixture, at the
interpreter's exit, or by the kernel when the interpreter itself is killed. A start waits until the server answers and
fails with the end of the server's log. Nothing here depends on pytest except `tools.strictness` and fixtures that tests
import.
"""
