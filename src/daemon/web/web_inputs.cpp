// SPDX-License-Identifier: Apache-2.0
#include "daemon/web/web_inputs.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "config/tree/file.hpp"

namespace keyshift::daemon {
namespace {

namespace fs = std::filesystem;
using config::Problem;
using config::Severity;

constexpr const char* kSection = "tls_server_config";
constexpr auto kSoon = std::chrono::hours{24 * 14};

http::ClientAuth client_auth(config::ClientCertificate asked) {
    switch (asked) {
        case config::ClientCertificate::request:
            return http::ClientAuth::request;
        case config::ClientCertificate::require_any:
            return http::ClientAuth::require_any;
        case config::ClientCertificate::verify_if_given:
            return http::ClientAuth::verify_if_given;
        case config::ClientCertificate::require_and_verify:
            return http::ClientAuth::require_and_verify;
        case config::ClientCertificate::none:
            break;
    }
    return http::ClientAuth::none;
}

/// Reads what `tls_server_config` names.
class TlsReader {
 public:
    TlsReader(const fs::path& file, WebInputs& out) : file_(file), out_(out) {}

    http::TlsSettings read(const config::WebTls& tls) {
        http::TlsSettings settings;
        settings.certificate = text("cert_file", tls.certificate_file, tls.certificate);
        settings.key = base::Secret(text("key_file", tls.key_file, tls.key.reveal()));
        if (!tls.key_file.empty()) out_.secret_files.push_back(tls.key_file);
        if (tls.key_file.empty()) out_.secret_files.push_back(file_);
        if (!tls.client_ca_file.empty() || !tls.client_ca.empty())
            settings.client_ca = text("client_ca_file", tls.client_ca_file, tls.client_ca);
        settings.client_auth = client_auth(tls.client_certificate);
        settings.allowed_sans = tls.allowed_sans;
        settings.min_version = tls.min_version;
        settings.max_version = tls.max_version;
        settings.cipher_suites = tls.cipher_suites;
        settings.curves = tls.curves;
        settings.prefer_server_cipher_suites = tls.prefer_server_cipher_suites;
        if (settings.client_ca && settings.client_ca->find("-----BEGIN") == std::string::npos)
            warn("client_ca_file", "holds no certificate: no client is trusted",
                 "give it the authority's certificate");
        return settings;
    }

    void make_context(http::TlsSettings settings, base::Time now) {
        auto context = http::TlsContext::make(std::move(settings));
        if (!context) {
            out_.problems.push_back(
                {file_.native(), {}, kSection, context.error().what, context.error().hint});
            return;
        }
        out_.context = *std::move(context);
        judge(out_.context->validity(), now);
    }

 private:
    std::string text(const char* key, const fs::path& path, const std::string& inlined) {
        if (path.empty()) return inlined;
        out_.files.push_back(path);
        auto read = config::read_small_file(path, config::kMaxWebFileBytes);
        if (read) return *std::move(read);
        out_.problems.push_back({file_.native(),
                                 {},
                                 std::string(kSection) + "." + key,
                                 path.string() + " " + read.error().what,
                                 read.error().hint});
        return {};
    }

    void warn(const char* key, std::string what, std::string hint) {
        out_.warnings.push_back({file_.native(),
                                 {},
                                 std::string(kSection) + "." + key,
                                 std::move(what),
                                 std::move(hint),
                                 Severity::warning});
    }

    void judge(const http::Validity& validity, base::Time now) {
        if (validity.until < now) {
            warn("cert_file", "is a certificate that expired on " + base::format_rfc3339(validity.until),
                 "renew it");
        } else if (validity.until < now + kSoon) {
            warn("cert_file", "is a certificate that expires on " + base::format_rfc3339(validity.until),
                 "renew it");
        }
        if (validity.from > now) {
            warn("cert_file",
                 "is a certificate that is not valid before " + base::format_rfc3339(validity.from),
                 "compare the clocks of this host and of who has signed it");
        }
    }

    const fs::path& file_;
    WebInputs& out_;
};

}  // namespace

WebInputs read_web_inputs(const fs::path& file, base::Time now) {
    WebInputs out;
    config::LoadedWebFile loaded = config::load_web_file(file);
    out.problems = std::move(loaded.problems);
    out.warnings = std::move(loaded.warnings);
    out.file = std::move(loaded.file);
    if (const auto tls = std::exchange(out.file.tls, std::nullopt)) {
        TlsReader reader(file, out);
        http::TlsSettings settings = reader.read(*tls);
        if (out.problems.empty()) reader.make_context(std::move(settings), now);
    }
    return out;
}

}  // namespace keyshift::daemon
