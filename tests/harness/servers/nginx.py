# SPDX-License-Identifier: Apache-2.0
"""nginx from Debian (nginx-light) as a reverse proxy."""

import grp
import os
import pwd
import signal
from collections.abc import Sequence
from pathlib import Path

from harness.servers.reverse_proxy import ReverseProxy
from harness.tools.process import program
from harness.tools.wait import eventually


class Nginx(ReverseProxy):
    """Logs in `combined`, or in what `log_format` says, as nginx' directive of that name takes it (between single
    quotes, which it must not hold). What is asked for below `path` is passed on, without that."""

    name = "nginx"

    def __init__(self, target: str, *, log_format: str | None = None, access_log: Path | None = None, path: str = "/"):
        super().__init__(target, access_log=access_log)
        self._path = path
        self._configuration = self.directory / "nginx.conf"
        self._configuration.write_text(self._text(log_format))

    def argv(self) -> Sequence[str]:
        return [program("nginx"), "-e", "stderr", "-p", str(self.directory), "-c", str(self._configuration)]

    def reopen(self) -> None:
        """What logrotate asks for once it has renamed the log: go on in a new file. Returns once that is there."""
        self.process.send_signal(signal.SIGUSR1)
        eventually(self.access_log.exists, 10, "nginx has opened its log again")

    def _text(self, log_format: str | None) -> str:
        custom = f"log_format custom escape=default '{log_format}';" if log_format else ""
        user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        return f"""
            daemon off;
            worker_processes 1;
            pid {self.directory}/nginx.pid;
            error_log stderr warn;
            {f"user {user} {group};" if os.geteuid() == 0 else ""}
            events {{ worker_connections 256; }}
            http {{
                {custom}
                access_log {self.access_log} {"custom" if log_format else "combined"};
                {"".join(self._temporary_paths())}
                server {{
                    listen 127.0.0.1:{self.port};
                    location {self._path} {{
                        proxy_pass http://{self.target}{"" if self._path == "/" else "/"};
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                    }}
                }}
            }}
            """

    def _temporary_paths(self) -> list[str]:
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        return [f"{kind}_temp_path {self.directory}/{kind};\n" for kind in kinds]
