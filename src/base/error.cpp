// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <stdexcept>

namespace keyshift::base {

std::string_view reason(Errc code) {
    switch (code) {
        case Errc::connect:
            return "connect";
        case Errc::auth:
            return "auth";
        case Errc::permission:
            return "permission";
        case Errc::timeout:
            return "timeout";
        case Errc::schema:
            return "schema";
        case Errc::parse:
            return "parse";
        case Errc::other:
        case Errc::config:
        case Errc::usage:
        case Errc::output:
        case Errc::canceled:
            break;
    }
    return "other";
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::logic_error("unchecked error: " + error.what);
}

}  // namespace keyshift::base
