// SPDX-License-Identifier: Apache-2.0
// The report: the keys that need regeneration, written row by row as text, JSON, CSV, Markdown or HTML.
// Everything a database says is taken for hostile: in every format a name stays inside its cell, whatever it
// holds, and no control, reordering or invisible character comes out as itself (escape.hpp).
// A writer and its output belong to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "domain/keys/key.hpp"
#include "domain/phases/pairing.hpp"
#include "domain/phases/phase.hpp"

namespace keyshift::report {

enum class Format {
    text,      ///< for people at a terminal; without groups and phases the handbook tool's, byte for byte
    json,      ///< one object, RFC 8259, with every field known
    csv,       ///< RFC 4180 with CRLF and a header row: data only; grouping shows in the order alone
    markdown,  ///< GitHub flavoured, for tickets and pull requests
    html,      ///< one self-contained page, for mail, print and the archive
};

/// The format that `--format` calls `name` ("text", "json", "csv", "markdown", "html"); empty for others.
std::optional<Format> parse_format(std::string_view name);

enum class Grouping { none, owner };

/// What is known before the first row.
struct Header {
    std::uint64_t legacy_keys = 0;        ///< calls of key() that will follow
    std::optional<std::uint64_t> owners;  ///< distinct owners of these keys; a key without one has none
    base::Time generated_at;              ///< the database's clock at its snapshot
    std::string database;                 ///< "host:port/name", without credentials
    std::string phase;                    ///< only keys of this phase were asked for; empty: all legacy keys
    bool phases = false;                  ///< rows come with their phase, and each format shows it
    domain::FallbackMode fallback = domain::FallbackMode::unknown;  ///< what is said of the old keys
    bool promotes_in_place = false;        ///< a key that is used is none of these any more
    std::string_view create_request = {};  ///< of the gateway's API; empty: not known
    std::string_view delete_request = {};
    bool ownerless_by_database = false;  ///< its API leaves keys without an owner alone
    /// Of the gateway that the handbook is about: the text is the handbook's, byte for byte.
    bool handbook = true;
    std::string lacks = {};    ///< the column in which a legacy key has no hash; empty: told otherwise
    std::string lockout = {};  ///< keys that may be locked out already, as one sentence; empty: none
};

/// Where a legacy key stands, as the caller found out.
struct KeyPhase {
    domain::Phase phase = domain::Phase::pending;    ///< a live one
    domain::PairRule rule = domain::PairRule::none;  ///< how its replacement was recognised, if it has one
    std::string_view replacement{};                  ///< the modern key's id; empty: not known
    bool replacement_used = false;
    bool use_upgrades = false;  ///< its next use makes it a modern key: it needs no replacement
    bool used = false;          ///< within its drain window

    bool has_replacement() const { return rule != domain::PairRule::none; }
};

/// Appends to a string that its caller drains as it likes between any two calls; holds nothing that grows
/// with the number of keys. The calls come in this order:
///     connecting, connected, begin, key (Header::legacy_keys times), end
/// One that fails half-way is left without end(), so that a reader of JSON or HTML sees a document cut short.
/// Rows appear in the order given. No call fails, but for std::bad_alloc from the output.
class Writer {
 public:
    Writer() = default;
    virtual ~Writer() = default;
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// For people who wait: only the text format says anything here.
    virtual void connecting() {}
    virtual void connected() {}

    virtual void begin(const Header& header) = 0;
    /// One row; the views in `key` and `phase` need to live only during the call. With Grouping::owner all
    /// keys of an owner come together: one that comes back opens a second group. `phase` is not looked at
    /// unless Header::phases; where it is empty then, so are its cells.
    virtual void key(const domain::Key& key, const std::optional<KeyPhase>& phase = {}) = 0;
    virtual void end() = 0;
};

/// `out` must outlive the writer.
std::unique_ptr<Writer> make_writer(Format format, Grouping grouping, std::string& out);

}  // namespace keyshift::report
