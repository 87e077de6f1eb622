// SPDX-License-Identifier: Apache-2.0
// What each subcommand is told, and what does it; one file each. They return the process's exit code and say
// on standard error what went wrong and what to do about it.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log/log.hpp"
#include "base/time.hpp"
#include "domain/marks/mark.hpp"
#include "report/writer.hpp"

namespace keyshift::commands {

struct ReportCommand {
    std::optional<std::filesystem::path> config;
    report::Format format = report::Format::text;
    report::Grouping grouping = report::Grouping::none;
    std::optional<std::filesystem::path> output;    ///< empty: standard output
    std::vector<domain::Phase> phases_listed = {};  ///< only keys of these; empty: of every living one
    bool phases = false;                            ///< show each key's phase
    std::optional<std::string> owner = {};          ///< only this owner's keys; "": those of nobody
    std::string sort = {};                          ///< an order of /api/v1/keys; empty: the usual one
    std::size_t limit = 0;                          ///< so many keys at most; 0: all
    /// A letter for each owner in place of a report.
    struct Letters {
        bool wanted = false;
        std::filesystem::path directory = {};  ///< empty: not said
        bool markdown = false;                 ///< for chats and tickets; else mail
        std::filesystem::path wording = {};    ///< another template; empty: the usual one
        std::string from = {};                 ///< who writes; empty: whoever sends them
        std::string changed_since = {};        ///< a duration or a time: only owners with news; empty: all
    };
    Letters letters = {};
};

struct ServeCommand {
    std::optional<std::filesystem::path> config;
    std::vector<std::string> listen;                   ///< instead of web.listen; empty: as configured
    std::filesystem::path web_file;                    ///< instead of web.config_file; empty: as configured
    bool lifecycle = false;                            ///< POST /-/reload is obeyed
    std::optional<base::log::Level> log_level = {};    ///< instead of log.level
    std::optional<base::log::Format> log_format = {};  ///< instead of log.format
    bool systemd_socket = false;                       ///< on the sockets of systemd, or not at all
    std::optional<std::string> telemetry_path = {};    ///< instead of web.telemetry_path
    std::optional<std::string> route_prefix = {};      ///< instead of web.route_prefix
    std::optional<std::string> external_url = {};      ///< instead of web.external_url
};

struct OnceCommand {
    std::optional<std::filesystem::path> config;
    std::filesystem::path textfile;
};

struct HealthcheckCommand {
    std::optional<std::filesystem::path> config;
    std::string url;  ///< empty: by the socket
};

struct CheckCommand {
    std::vector<std::filesystem::path> files;
    bool json = false;
};

/// `check --log`.
struct CheckLogCommand {
    std::optional<std::filesystem::path> config;
    std::filesystem::path sample;  ///< "-": standard input
    std::string collector;         ///< empty: the only one that reads a log
    bool summary = false;          ///< without a line for each line
    double most_unparsed = 0.05;   ///< a larger share is an error
};

struct FailuresCommand {
    std::optional<std::filesystem::path> config;
    base::Duration since = std::chrono::hours{1};
    report::Format format = report::Format::text;  ///< text, json or csv
    std::size_t limit = 50;                        ///< rows of text; 0: all
};

struct StatusCommand {
    std::optional<std::filesystem::path> config;
    bool json = false;
    bool verbose = false;  ///< all of it, also what does not fit a screen
    bool watch = false;    ///< again and again
    base::Duration interval = std::chrono::seconds{2};
};

struct VerdictCommand {
    std::optional<std::filesystem::path> config;
    bool json = false;
};

struct KeyCommand {
    std::optional<std::filesystem::path> config;
    std::string id;  ///< or the beginning of one, a name, a prefix
    bool json = false;
};

struct EventsCommand {
    std::optional<std::filesystem::path> config;
    std::string since = "24h";  ///< a duration, or a time by RFC 3339
    bool follow = false;        ///< goes on with what happens from now on
    enum class Format { text, json, csv } format = Format::text;
};

/// The whole history as JSON.
struct ExportCommand {
    std::optional<std::filesystem::path> config;
    std::filesystem::path file;
};

struct PairCommand {
    std::optional<std::filesystem::path> config;
    std::string legacy;
    std::string replacement;  ///< empty with `remove`
    bool force = false;       ///< also where the two look wrong together
    bool remove = false;      ///< what was said before is undone
};

/// Those of the listed keys, or of all, that fit the rest.
struct AckCommand {
    std::optional<std::filesystem::path> config;
    std::vector<std::string> ids;
    std::optional<std::filesystem::path> file;  ///< with further ids; "-": standard input
    std::optional<std::string> owner;
    std::optional<base::Duration> idle_longer_than;
    std::string note;
    bool yes = false;     ///< many at once without asking
    bool remove = false;  ///< what was said before is undone

    bool selects() const { return file || owner || idle_longer_than; }
};

/// Without a kind: those there are.
struct MarkCommand {
    std::optional<std::filesystem::path> config;
    std::optional<domain::MarkKind> kind = {};
    std::string note = {};
    bool remove = false;  ///< the last one, of this kind, is taken back
    enum class Format { text, json, csv } format = Format::text;
};

struct AcceptTableCommand {
    std::optional<std::filesystem::path> config;
    bool anew = false;  ///< the journal forgets the keys of the table before
    bool yes = false;   ///< without asking
};

struct SqlCommand {
    std::optional<std::filesystem::path> config;
    std::string role = "keyshift";
    std::vector<std::string> sections;  ///< role, view, index, statements; empty: all
};

struct DoctorCommand {
    std::optional<std::filesystem::path> config;
    bool json = false;
};

int run_report(const ReportCommand& command);
int run_serve(const ServeCommand& command);
int run_once(const OnceCommand& command);
int run_healthcheck(const HealthcheckCommand& command);
int run_check(const CheckCommand& command);
int run_check_log(const CheckLogCommand& command);
int run_failures(const FailuresCommand& command);
int run_status(const StatusCommand& command);
/// `keyshift` alone: the status where a daemon runs, else `otherwise`, as a wrong command line.
int run_status_of_daemon(const std::string& otherwise);
int run_verdict(const VerdictCommand& command);
int run_key(const KeyCommand& command);
int run_export(const ExportCommand& command);
int run_events(const EventsCommand& command);
int run_pair(const PairCommand& command);
int run_ack(const AckCommand& command);
int run_mark(const MarkCommand& command);
int run_accept_table(const AcceptTableCommand& command);
int run_sql(const SqlCommand& command);
int run_doctor(const DoctorCommand& command);

}  // namespace keyshift::commands
