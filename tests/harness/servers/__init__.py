# SPDX-License-Identifier: Apache-2.0
"""The programs that keyshift watches, or that watch it: one module for each, on the base `server`."""
