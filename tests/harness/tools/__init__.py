# SPDX-License-Identifier: Apache-2.0
"""What knows neither a server nor keyshift: waiting, ports, processes, networks and HTTP that fail, parsers."""
