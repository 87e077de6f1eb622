// SPDX-License-Identifier: Apache-2.0
// Which of the statements that matter a text is: by its structure, since the columns that a gateway selects
// differ from release to release, or by the patterns that the configuration gives. A value: safe to read from
// any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "formats/statement_shape.hpp"

namespace keyshift::collectors {

enum class Shape : std::uint8_t {
    lookup,   ///< reads the key with a lookup hash
    by_id,    ///< reads a key by its id
    touch,    ///< sets when a key was last used, and nothing else
    scan,     ///< reads the bcrypt hashes of many keys, to compare them
    manage,   ///< changes or deletes one key, which the gateway has read by its id before
    promote,  ///< gives a legacy key that was used its lookup hash
};
inline constexpr std::array kShapes{Shape::lookup, Shape::by_id,  Shape::touch,
                                    Shape::scan,   Shape::manage, Shape::promote};
std::string_view shape_name(Shape shape);

class StatementShapes {
 public:
    /// `tables`: what the gateway's statements may call the key table, without a schema; not empty.
    StatementShapes(const config::Gateway& gateway, std::vector<std::string> tables);

    /// Of a statement as it was sent, or as pg_stat_statements shows it.
    std::optional<Shape> of(std::string_view sql) const;
    /// False where the configuration leaves it open what such a statement would look like, or says that the
    /// gateway sends none.
    bool knows(Shape shape) const;
    /// False where the configuration says that the gateway sends none.
    bool is_sent(Shape shape) const;
    /// A text without any of these names is of no shape, whatever the case of its letters. Empty: it may be.
    std::vector<std::string> needed_names() const;
    /// Differs where the same text may be of another shape.
    std::string scope() const;

 private:
    struct Token;
    struct Select;
    void read_patterns(const config::StatementTexts& given);
    std::vector<Token> tokens(std::string_view normalised) const;
    std::optional<Select> select(const std::vector<Token>& tokens) const;
    std::optional<std::size_t> after_table(const std::vector<Token>& tokens, std::size_t at) const;
    bool is_select_by(const Select& select, const std::string& column) const;
    bool is_scan(const Select& select) const;
    bool is_touch(const std::vector<Token>& tokens) const;
    bool is_management(const std::vector<Token>& tokens) const;
    bool is_promotion(const std::vector<Token>& tokens) const;
    std::optional<Shape> by_structure(std::string_view normalised) const;

    std::vector<std::string> tables_;  // these and all names below as normalise_statement() leaves them
    std::string schema_;               // empty: any
    std::string id_, lookup_hash_, legacy_, bcrypt_hash_, last_used_at_, prefix_;
    std::vector<std::string> identifying_;  // columns that no one who scans would compare
    bool promotes_ = false;                 // without it no statement promotes
    std::map<Shape, std::vector<formats::StatementPattern>> patterns_;
    std::vector<std::string> needed_names_;
    std::string scope_;
};

}  // namespace keyshift::collectors
