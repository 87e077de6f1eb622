// SPDX-License-Identifier: Apache-2.0
// What programs that carry log lines put before each: container runtimes, syslog, `docker compose logs`. Pure
// functions: safe from any thread. Views are parts of the line.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace keyshift::formats {

enum class LinePrefix : std::uint8_t {
    automatic,   ///< whichever of the others a line has
    none,        ///< lines are taken as they stand
    cri,         ///< containerd and CRI-O: "TIME stdout F MESSAGE", P in place of F where more follows
    docker,      ///< its json-file: {"log":"MESSAGE\n","stream":"stdout","time":"TIME"}
    journal,     ///< `journalctl -o export`: entries of several lines, one of them MESSAGE=
    syslog,      ///< RFC 5424, RFC 3164, either with or without <PRIORITY>, and with a time in ISO 8601
    kubectl,     ///< `kubectl logs --prefix`: "[pod/NAME/CONTAINER] MESSAGE"
    compose,     ///< `docker compose logs`: "NAME-1  | MESSAGE"
    vhost,       ///< Apache's vhost_combined: "HOST:PORT MESSAGE"
    timestamps,  ///< `kubectl logs --timestamps`, `docker logs -t`: "TIME MESSAGE"
};
inline constexpr std::size_t kLinePrefixes = 10;

/// As `prefix` in a configuration calls them.
inline constexpr std::array<std::string_view, kLinePrefixes> kLinePrefixNames{
    "auto", "none", "cri", "docker", "journal", "syslog", "kubectl", "compose", "vhost", "timestamps"};
/// Those that stand at the beginning of a line, a whole message behind it.
inline constexpr std::array kTextPrefixes{LinePrefix::syslog, LinePrefix::kubectl, LinePrefix::compose,
                                          LinePrefix::vhost, LinePrefix::timestamps};

/// What stands behind the prefix, of kTextPrefixes, with which `line` begins; empty: it begins with none.
std::optional<std::string_view> behind_prefix(std::string_view line, LinePrefix prefix);
/// The same where a program's own line can hardly begin so: a syslog header with a priority, a month's name
/// or a process's number, kubectl's brackets, a container's name with its number.
std::optional<std::string_view> behind_sure_prefix(std::string_view line, LinePrefix prefix);

/// False: behind_sure_prefix() finds none. At a glance, since every line of a log is asked.
inline bool may_have_sure_prefix(std::string_view line) {
    constexpr std::size_t kFar = 96;
    if (line.empty()) return false;
    const std::string_view head(line.data(), line.size() < kFar ? line.size() : kFar);
    if (head.front() == '<') return true;
    if (head.front() == '[') return head.starts_with("[pod/");
    // An ISO time is of a program's own line, as before a level, unless a process's number follows.
    if (head.size() > 28 && head[4] == '-' && head[10] == 'T')
        return !(head[27] == ' ' && (head[28] == ' ' || head.substr(28).starts_with("DEBUG "))) &&
               head.find("]: ") != std::string_view::npos;
    // "Jan 10 00:00:02 ".
    if (head.size() > 15 && head[3] == ' ' && head[6] == ' ' && head[9] == ':') return true;
    // A container's name and a bar.
    return head.find('|') != std::string_view::npos;
}

enum class LogStream : std::uint8_t { standard_output, standard_error };
inline constexpr std::size_t kLogStreams = 2;

/// What one line of a container's runtime adds to a message.
struct MessagePart {
    LogStream stream;
    std::string_view text;  ///< without a newline at the end of the message
    bool last;              ///< of its message
};

/// Of LinePrefix::cri; empty: the line is none.
std::optional<MessagePart> read_cri(std::string_view line);
/// False: read_cri() is, too. At a glance, since every line of a log is asked.
inline bool may_be_cri(std::string_view line) {
    constexpr std::size_t kLeast = 29;  // 2026-01-10T00:00:02Z stdout F
    if (line.size() < kLeast) return false;
    // Behind the time of `tracing` stands a level, and no stream and no tag.
    if (line[27] == ' ' && line[28] < 'F') return false;
    return line[4] == '-' && line[10] == 'T';
}

}  // namespace keyshift::formats
