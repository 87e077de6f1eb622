# SPDX-License-Identifier: Apache-2.0
"""Prometheus from Debian scrapes over TLS, with a client's certificate and a password."""

from harness.product.web_serving import SECRET, WebServe, hashed, tls
from harness.servers.prometheus import Prometheus
from harness.tools.certificates import Authority


def test_prometheus_scrapes_with_certificate_and_password():
    authority = Authority()
    client = authority.client("prometheus", ["DNS:prometheus.example"])
    web = tls(client_auth_type="RequireAndVerifyClientCert", client_ca_file=str(authority.certificate), client_allowed_sans=["prometheus.example"])
    web["basic_auth_users"] = {"prometheus": hashed(cost=10)}
    believes = {"ca_file": str(authority.certificate), "server_name": "localhost"}
    known = {**believes, "cert_file": str(client.certificate), "key_file": str(client.key)}
    right = {"username": "prometheus", "password": SECRET}
    jobs = {
        "good": {"tls_config": known, "basic_auth": right},
        "wrong password": {"tls_config": known, "basic_auth": {**right, "password": "x"}},
        "no certificate": {"tls_config": believes, "basic_auth": right},
        "wrong host": {"tls_config": {**known, "server_name": "elsewhere"}, "basic_auth": right},
    }
    with WebServe(web, authority=authority) as serve:
        address = f"127.0.0.1:{serve.port}"
        with Prometheus({job: [address] for job in jobs}, interval="200ms", scrape={"scheme": "https"}, by_job=jobs) as prometheus:
            prometheus.wait_for("count(up) == 4")
            prometheus.wait_for('keyshift_build_info{job="good"}')
            prometheus.wait_for('up{job="good"} == 1')
            assert {labels["job"] for labels, value in prometheus.query("up") if value == 0} == set(jobs) - {"good"}
            # A new certificate and a new password, while it scrapes.
            serve.install(authority.server())
            serve.write_web({**web, "basic_auth_users": {"prometheus": hashed("x", cost=10)}})
            prometheus.wait_for('up{job="wrong password"} == 1')
            prometheus.wait_for('up{job="good"} == 0')
