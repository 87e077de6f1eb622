// SPDX-License-Identifier: Apache-2.0
// Lines of a log whose format is one of nginx's log_format. Pure functions and values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "formats/access/line.hpp"
#include "formats/access/run.hpp"

namespace keyshift::formats {

/// nginx's `escape=` of a log_format.
enum class NginxEscape { standard, json, none };

/// A log_format taken apart: a text, and variables with a text behind each.
class AccessTemplate {
 public:
    /// What a variable tells; any other is passed over.
    enum class Field : std::uint8_t {
        none,
        peer,
        original_peer,  ///< before nginx's realip put another in its place
        forwarded,
        forwarded_and_peer,
        common_time,
        iso_time,
        epoch_seconds,
        request,
        method,
        target,
        path,
        status,
        body_bytes,
        user_agent,
    };
    /// Where the text of a variable ends.
    enum class End : std::uint8_t {
        literal,  ///< where the text behind it begins: nobody can choose what it holds
        list,     ///< the same, but it may be a list with ", " and " : "
        quote,    ///< at a '"' that is not escaped, with which the text behind it begins
        tab,      ///< at a tab, which is escaped in every variable, with which the text behind it begins
        fixed,    ///< after `size`
        run,      ///< with those behind it, until `size` before the next '"' that is not escaped
        in_run,   ///< somewhere in what the first of a run holds
        last,     ///< where nothing but the text behind it is left
    };
    struct Piece {
        Field field = Field::none;
        End end = End::literal;
        std::size_t size = 0;
        std::string behind = {};
        std::vector<RunPart> run = {};  ///< of the first of a run: all of it
    };

    /// Fails with Errc::config where the format does not say what is needed, or where a client can choose a
    /// text that could be taken for another field.
    static base::Result<AccessTemplate> parse(std::string_view format, NginxEscape escape);

    bool read(std::string_view line, AccessLine& out) const;
    AccessTells tells() const;

 private:
    bool read_run(std::size_t first, std::string_view& line, AccessLine& out) const;
    bool read_field(Field field, std::string_view text, AccessLine& out) const;

    NginxEscape escape_ = NginxEscape::standard;
    std::string first_;          // before the first variable
    std::vector<Piece> pieces_;  // up to the last that is needed
};

std::unique_ptr<AccessReader> make_template_reader(AccessTemplate format);

}  // namespace keyshift::formats
