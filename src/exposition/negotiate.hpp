// SPDX-License-Identifier: Apache-2.0
// What a scraper asked for, and what it therefore gets. Pure functions of untrusted header text: safe from
// any thread, never failing; what cannot be understood counts as not said.
#pragma once

#include <cstdint>
#include <string_view>

#include "exposition/dialect.hpp"

namespace keyshift::exposition {

enum class Encoding : std::uint8_t { identity, gzip };

/// OpenMetrics when `accept` ranks application/openmetrics-text (version 1.0.0 or none), or application/*, at
/// least as high as plain text and, at equal rank, names it first; otherwise text 0.0.4, also for an empty or
/// odd header.
Dialect negotiate(std::string_view accept);

/// gzip when `accept_encoding` allows it (by name, as x-gzip or as *, with q above 0) and does not rank
/// identity higher.
Encoding negotiate_encoding(std::string_view accept_encoding);

/// The exact Content-Type of a page; Prometheus 3 refuses one without.
std::string_view content_type(Dialect dialect);

}  // namespace keyshift::exposition
