# SPDX-License-Identifier: Apache-2.0
"""Caddy from Debian as a reverse proxy, with its access log as JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.servers.reverse_proxy import ReverseProxy
from harness.tools.process import CLEAN_ENVIRONMENT, program


class Caddy(ReverseProxy):
    name = "caddy"

    def __init__(self, target: str, *, access_log: Path | None = None):
        super().__init__(target, access_log=access_log)
        self._configuration = self.directory / "Caddyfile"
        self._configuration.write_text(self._text())

    def argv(self) -> Sequence[str]:
        return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(self._configuration)]

    def environment(self) -> Mapping[str, str]:
        return {**CLEAN_ENVIRONMENT, "HOME": str(self.directory), "XDG_DATA_HOME": str(self.directory)}

    def _text(self) -> str:
        return f"""{{
	admin off
	auto_https off
	storage file_system {self.directory}
}}
http://127.0.0.1:{self.port} {{
	bind 127.0.0.1
	log {{
		output file {self.access_log} {{
			roll_disabled
		}}
		format json
	}}
	reverse_proxy {self.target}
}}
"""
