// SPDX-License-Identifier: Apache-2.0
// The log: one line per event, logfmt or JSON, on standard error (with colours on a terminal), or with
// priority and fields in systemd's journal where standard error leads there. Safe from any thread. Callers
// log a change of state once, not every repetition of it; should something change all the time, only so many
// lines with the same message are written (log_limit.hpp), and the next one says in held_back how many were
// not.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace keyshift::base::log {

enum class Level { debug, info, warn, error };
enum class Format { logfmt, json };

/// Takes effect for the lines that follow. The default is info, logfmt; the journal has a form of its own.
void configure(Level level, Format format);

/// A named value of a line. Secret does not convert to it.
struct Field {
    Field(std::string_view field_name, std::string_view field_value) : name(field_name), value(field_value) {}
    Field(std::string_view field_name, const char* field_value) : name(field_name), value(field_value) {}
    Field(std::string_view field_name, const std::string& field_value)
        : name(field_name), value(field_value) {}
    template <class N>
        requires std::is_arithmetic_v<N>
    Field(std::string_view field_name, N number) : name(field_name), value(std::to_string(number)) {}

    std::string_view name;
    std::string value;
};
using Fields = std::initializer_list<Field>;

void debug(std::string_view message, Fields fields = {});
void info(std::string_view message, Fields fields = {});
void warn(std::string_view message, Fields fields = {});
void error(std::string_view message, Fields fields = {});

}  // namespace keyshift::base::log
