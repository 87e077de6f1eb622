// SPDX-License-Identifier: Apache-2.0
#include "drivers/dsn/protection.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <libpq-fe.h>

#include "base/ascii.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using Form = ConnectionString::Form;

constexpr const char* kModes = "disable, allow, prefer, require, verify-ca or verify-full";

/// Of libpq's sslmode, the weakest first.
constexpr std::array<std::string_view, 6> kStrength{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};

/// The mode of libpq that a client's own word means; empty: none.
std::string_view mode_of(std::string_view value) {
    const std::string plain = plain_name(value);
    for (const std::string_view mode : kStrength)
        if (plain == plain_name(mode)) return mode;
    constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
        {"disabled", "disable"},           {"preferred", "prefer"}, {"required", "require"},
        {"noverify", "require"},  // node-postgres: TLS without verification
        {"verifyidentity", "verify-full"},
    };
    for (const auto& [word, mode] : kOthers)
        if (plain == word) return mode;
    return {};
}

void raise(std::optional<std::string_view>& mode, std::string_view to) {
    const auto strength = [](std::string_view of) {
        return std::find(kStrength.begin(), kStrength.end(), of) - kStrength.begin();
    };
    if (!mode || strength(*mode) < strength(to)) mode = to;
}

bool has(const UrlParameters& parameters, std::string_view name) {
    return std::any_of(parameters.begin(), parameters.end(),
                       [&](const UrlParameter& one) { return one.name == name; });
}

/// Prisma's sslcert is the server's authority; without verification it is of no use.
void apply_prismas_certificate(UrlParameters& libpq, bool verified) {
    if (!has(libpq, "sslcert") || has(libpq, "sslkey")) return;
    for (UrlParameter& one : libpq)
        if (one.name == "sslcert" && verified) one.name = "sslrootcert";
    libpq.erase(std::remove_if(libpq.begin(), libpq.end(),
                               [](const UrlParameter& one) { return one.name == "sslcert"; }),
                libpq.end());
}

/// Those that the system trusts.
std::string system_authorities() {
    constexpr int kKnowsThem = 160000;
    return PQlibVersion() >= kKnowsThem ? "system" : "/etc/ssl/certs/ca-certificates.crt";
}

Error contradiction(const std::string& name) {
    return refused_parameter(name, "which contradicts its sslmode",
                             "take " + name + " out; sslmode=verify-full verifies, sslmode=require does not");
}

}  // namespace

Error refused_parameter(const std::string& name, const std::string& what, std::string hint) {
    return {Errc::config, "database_url has " + name + ", " + what, std::move(hint)};
}

Result<void> ConnectionProtection::apply(ConnectionName meaning, const UrlParameter& parameter) {
    switch (meaning) {
        case ConnectionName::tls:
            return apply_tls(parameter);
        case ConnectionName::tls_verification:
            return apply_verification(parameter);
        case ConnectionName::tls_factory:
            return apply_factory(parameter);
        default:
            return apply_mode(parameter);
    }
}

Result<void> ConnectionProtection::apply_mode(const UrlParameter& parameter) {
    const std::string_view mode = mode_of(parameter.value);
    // Under libpq's own name an underscore is a slip of whoever meant libpq's own words.
    const bool slip = parameter.name == "sslmode" && parameter.value.find('_') != std::string::npos;
    if (mode.empty() || slip) {
        return refused_parameter(parameter.name, "with a value that is no mode of libpq's",
                                 std::string("write sslmode= with ") + kModes);
    }
    raise(mode_, mode);
    return {};
}

Result<void> ConnectionProtection::apply_tls(const UrlParameter& parameter) {
    const std::string value = base::lower(parameter.value);
    if (value == "true" || value == "1" || value == "on" || value == "yes") {
        // Java's driver verifies; libpq reads it as sslmode=require.
        raise(tls_, form_ == Form::jdbc ? "verify-full" : "require");
        return {};
    }
    // No more than nothing said: TLS where the server has it.
    if (value == "false" || value == "0" || value == "off" || value == "no") return {};
    return apply_mode(parameter);
}

Result<void> ConnectionProtection::apply_verification(const UrlParameter& parameter) {
    const std::string plain = plain_name(parameter.value);
    if (plain != "strict" && plain != "acceptinvalidcerts") {
        return refused_parameter(parameter.name, "with a value that Prisma does not know",
                                 "write strict or accept_invalid_certs, or sslmode in its place");
    }
    verified_ = plain == "strict";
    return {};
}

Result<void> ConnectionProtection::apply_factory(const UrlParameter& parameter) {
    if (parameter.value != "org.postgresql.ssl.NonValidatingFactory") {
        return refused_parameter(parameter.name, "which is a class of Java's that verifies in its own way",
                                 "use sslmode and sslrootcert in its place");
    }
    raise(mode_, "require");
    return {};
}

Result<void> ConnectionProtection::settle(UrlParameters& libpq) const {
    auto mode = mode_;
    if (tls_ && mode == "disable") return contradiction("ssl");
    // To Java's driver sslmode goes before ssl.
    if (tls_ && (!mode || form_ != Form::jdbc)) raise(mode, *tls_);
    if (verified_) {
        const bool verifies = mode == "verify-ca" || mode == "verify-full";
        if (*verified_ ? mode == "disable" : verifies) return contradiction("sslaccept");
        apply_prismas_certificate(libpq, *verified_);
    }
    if (verified_.value_or(false)) {
        mode = "verify-full";
        if (!has(libpq, "sslrootcert")) libpq.push_back({"sslrootcert", system_authorities()});
    }
    if (mode) libpq.push_back({"sslmode", std::string(*mode)});
    return {};
}

}  // namespace keyshift::drivers
