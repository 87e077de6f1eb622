# SPDX-License-Identifier: Apache-2.0
"""keyshift as tests run it and ask it, and what they let it watch."""
