// SPDX-License-Identifier: Apache-2.0
// The keys that the report's tests write, and the whole course of a report in one call.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "report/writer.hpp"

namespace keyshift::report {

inline base::Time at(std::string_view rfc3339) {
    return base::parse_rfc3339(rfc3339).value();
}

inline const domain::Key& production_key() {
    static const domain::Key key = [] {
        domain::Key k;
        k.id = "a1b2c3d4-0001-4000-8000-00000000000a";
        k.owner = "7b0c0000-0000-4000-8000-000000000001";
        k.owner_email = "alice@example.com";
        k.name = "Production API";
        k.prefix = "sk-AbC123";
        k.created_at = at("2026-01-09T08:07:06.123456Z");
        k.last_used_at = at("2026-01-10T12:00:00Z");
        k.bcrypt_cost = 10;
        k.legacy = true;
        return k;
    }();
    return key;
}

/// No name, no owner, blocked and expired.
inline domain::Key system_key() {
    domain::Key k;
    k.id = "a1b2c3d4-0002-4000-8000-00000000000b";
    k.prefix = "sk-DeF456";
    k.created_at = at("2025-12-01T00:00:00Z");
    k.expires_at = at("2026-01-01T00:00:00Z");
    k.blocked = true;
    k.legacy = true;
    return k;
}

/// A name beyond ASCII, a prefix as wide as its column, over budget.
inline domain::Key wide_key() {
    domain::Key k;
    k.id = "a1b2c3d4-0003-4000-8000-00000000000c";
    k.owner = "7b0c0000-0000-4000-8000-000000000002";
    k.name = "生产环境 🔑 été";
    k.prefix = "sk-GhI789+/x";
    k.created_at = at("2025-11-30T23:59:59Z");
    k.expires_at = at("2026-06-01T00:00:00Z");
    k.bcrypt_cost = 12;
    k.over_budget = true;
    k.legacy = true;
    return k;
}

/// Of production_key()'s owner, with an empty name.
inline domain::Key empty_name_key() {
    domain::Key k = production_key();
    k.id = "a1b2c3d4-0004-4000-8000-00000000000d";
    k.name = "";
    k.prefix = "sk-JkL012";
    k.created_at = at("2025-11-01T00:00:00Z");
    k.last_used_at = {};
    return k;
}

inline domain::Key key_named(std::string_view name) {
    domain::Key k = production_key();
    k.name = name;
    return k;
}

inline Header header_for(std::uint64_t keys, std::uint64_t owners) {
    Header header;
    header.create_request = "POST /auth/key/generate";
    header.delete_request = "POST /auth/key/delete?key_id={key_id}";
    header.ownerless_by_database = true;
    header.legacy_keys = keys;
    header.owners = owners;
    header.generated_at = at("2026-01-10T12:30:00.5Z");
    header.database = "db.example:5432/gateway";
    return header;
}

struct PhasedKey {
    domain::Key key;
    std::optional<KeyPhase> phase;
};

inline PhasedKey in_phase(domain::Phase phase, const domain::Key& key,
                          domain::PairRule rule = domain::PairRule::none) {
    const bool used = phase == domain::Phase::overlap || phase == domain::Phase::drained;
    const bool replaced = rule != domain::PairRule::none;
    return {key, KeyPhase{phase, rule, replaced ? "b2c3d4e5-0001-4000-8000-00000000000f" : "", used}};
}

inline Header with_phases(Header header, domain::FallbackMode fallback) {
    header.phases = true;
    header.fallback = fallback;
    return header;
}

inline std::string render_phases(Format format, Grouping grouping, const Header& header,
                                 const std::vector<PhasedKey>& rows) {
    std::string out;
    const auto writer = make_writer(format, grouping, out);
    writer->connecting();
    writer->connected();
    writer->begin(header);
    for (const PhasedKey& row : rows) writer->key(row.key, row.phase);
    writer->end();
    return out;
}

inline std::string render(Format format, Grouping grouping, const Header& header,
                          const std::vector<domain::Key>& keys) {
    std::vector<PhasedKey> rows;
    for (const domain::Key& key : keys) rows.push_back({key, {}});
    return render_phases(format, grouping, header, rows);
}

/// A report of one key so named, in every other respect production_key().
inline std::string render_name(Format format, std::string_view name) {
    return render(format, Grouping::none, header_for(1, 1), {key_named(name)});
}

/// A report of production_key() with its phase and a replacement whose id is `id`.
inline std::string render_replacement(Format format, std::string_view id) {
    PhasedKey row = in_phase(domain::Phase::issued, production_key(), domain::PairRule::name);
    row.phase->replacement = id;
    return render_phases(format, Grouping::none, with_phases(header_for(1, 1), domain::FallbackMode::unknown),
                         {row});
}

inline std::string golden_path(const std::string& file) {
    return std::string(KEYSHIFT_SOURCE_DIR "/tests/golden/report/") + file;
}

inline std::string golden(const std::string& file) {
    std::ifstream in(golden_path(file), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace keyshift::report
