// SPDX-License-Identifier: Apache-2.0
// keyshift doctor: tries everything that the configured sources need, and says the remedy for what is wrong.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <utility>

#include "base/exit_code.hpp"
#include "base/json.hpp"
#include "base/people_time.hpp"
#include "base/utf8.hpp"
#include "collectors/catalog.hpp"
#include "collectors/configuration.hpp"
#include "commands/commands.hpp"
#include "commands/prepare/doctor_notify.hpp"
#include "commands/prepare/doctor_secrets.hpp"
#include "commands/prepare/doctor_surroundings.hpp"
#include "commands/shared/configuration.hpp"
#include "commands/shared/terminal.hpp"
#include "daemon/web/web_inputs.hpp"
#include "drivers/net/interrupt.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using collectors::Finding;
using Kind = Finding::Kind;

struct Examined {
    std::string subject;
    std::vector<Finding> findings;
};

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::ok:
            return "ok";
        case Kind::warning:
            return "warning";
        case Kind::failure:
            break;
    }
    return "failure";
}

/// Where nothing better is known than the kind of failure.
std::string usual_mend(Errc code) {
    switch (code) {
        case Errc::connect:
            return "check that the server runs, and that host and port are right";
        case Errc::auth:
            return "check user and password";
        case Errc::permission:
            return "let keyshift's user read it";
        case Errc::timeout:
            return "look at its load and at firewalls on the way, or raise the collector's timeout";
        case Errc::schema:
        case Errc::parse:
            return "see that this is the right address: what is there is something else";
        default:
            return "see the log of what was asked";
    }
}

Examined examine(const config::Config& config, const config::CollectorConfig& collector) {
    Examined out{collector.type, {}};
    drivers::Interrupt interrupt;
    try {
        const auto made =
            collectors::configured(collector).make(config.gateway, collector.schedule, interrupt);
        out.findings = made->examine(base::Deadline::in(collector.schedule.timeout));
    } catch (const std::exception& e) {
        out.findings = {{Kind::failure, std::string("unexpected: ") + e.what()}};
    }
    for (Finding& finding : out.findings) {
        if (finding.kind == Kind::failure && finding.remedy.empty())
            finding.remedy = usual_mend(finding.code);
        if (!collector.implicit || finding.kind != Kind::failure ||
            !domain::is_missing_prerequisite(finding.code))
            continue;
        finding.kind = Kind::warning;
        finding.what = "not measured: " + finding.what;
    }
    return out;
}

/// Commands of keyshift in `text`, with the file that this one reads: so they can be run as they stand.
std::string with_file(std::string text, const std::string& option) {
    for (const std::string_view command : {"keyshift sql", "keyshift check --log", "keyshift doctor"}) {
        const std::size_t name = command.find(' ', command.find(' ') + 1);
        const std::size_t length = std::min(name, command.size());
        for (std::size_t at = text.find(command); at != std::string::npos;
             at = text.find(command, at + length))
            text.insert(at + length, option);
    }
    return text;
}

std::string as_text(const Examined& examined, const Terminal& terminal) {
    constexpr std::size_t kSubject = 17;
    constexpr std::size_t kKind = 9;
    const base::Time now = base::now();
    std::string out;
    for (const Finding& finding : examined.findings) {
        const Colour colour = finding.kind == Kind::ok        ? Colour::good
                              : finding.kind == Kind::warning ? Colour::warning
                                                              : Colour::bad;
        out += pad(out.empty() ? examined.subject : "", kSubject) +
               terminal.paint(colour, pad(kind_name(finding.kind), kKind)) +
               base::with_times(finding.what, now) + "\n";
        std::string_view remedy = finding.remedy;
        while (!remedy.empty()) {
            const std::size_t end = remedy.find('\n');
            out += std::string(kSubject + kKind, ' ') + std::string(remedy.substr(0, end)) + "\n";
            remedy = end == std::string_view::npos ? std::string_view{} : remedy.substr(end + 1);
        }
    }
    return out;
}

daemon::WebInputs web_inputs(const config::Web& web) {
    return web.config_file.empty() ? daemon::WebInputs{}
                                   : daemon::read_web_inputs(web.config_file, base::now());
}

/// Of the web configuration; nothing where there is none.
std::vector<Finding> about_web(const config::Web& web, const daemon::WebInputs& inputs) {
    std::vector<Finding> out;
    const auto add = [&out](Kind kind, const config::Problem& problem) {
        out.push_back({kind, problem.key.empty() ? problem.what : problem.key + ": " + problem.what,
                       problem.hint, base::Errc::config});
    };
    if (web.config_file.empty()) return out;
    for (const config::Problem& problem : inputs.problems) add(Kind::failure, problem);
    for (const config::Problem& warning : inputs.warnings) add(Kind::warning, warning);
    if (out.empty()) {
        const std::string tls = inputs.context ? "TLS, " : "no TLS, ";
        const std::size_t users = inputs.file.users.size();
        out.push_back({Kind::ok, base::escape_unsafe(web.config_file.string()) + " can be used: " + tls +
                                     std::to_string(users) + (users == 1 ? " user" : " users")});
    }
    return out;
}

/// One finding a line.
void append_json(const Examined& examined, std::string& out) {
    for (const Finding& finding : examined.findings) {
        base::JsonWriter json;
        json.begin_object().key("subject").value(examined.subject);
        json.key("result").value(kind_name(finding.kind));
        json.key("what").value(finding.what).key("mend").value(finding.remedy).key("reason");
        finding.kind == Kind::failure ? json.value(base::reason(finding.code)) : json.null();
        out += out.size() > 1 ? ",\n " : "\n ";
        out += json.end_object().take();
    }
}

/// Prints findings as they come, and remembers how many there were.
class Printer {
 public:
    /// `file`: the configuration that is examined; empty: there is none.
    Printer(bool json, const std::optional<std::filesystem::path>& file)
        : json_(json), option_(config_option(file)) {}

    void show(Examined examined) {
        for (Finding& finding : examined.findings) {
            finding.remedy = with_file(std::move(finding.remedy), option_);
            failures_ += finding.kind == Kind::failure ? 1 : 0;
            warnings_ += finding.kind == Kind::warning ? 1 : 0;
        }
        if (json_) return append_json(examined, text_);
        std::fputs(as_text(examined, terminal_).c_str(), stdout);
        std::fflush(stdout);
    }
    void end() const {
        if (json_) return static_cast<void>(std::fputs((text_ + "\n]\n").c_str(), stdout));
        std::fputs(("\n" + summary() + "\n").c_str(), stdout);
    }
    bool failed() const { return failures_ > 0; }

 private:
    static std::string count(std::size_t number, const std::string& what) {
        return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
    }
    std::string summary() const {
        if (failures_ + warnings_ == 0) return terminal_.paint(Colour::good, "all is well");
        return terminal_.paint(failures_ > 0 ? Colour::bad : Colour::warning,
                               count(failures_, "failure") + ", " + count(warnings_, "warning"));
    }

    bool json_;
    std::string option_;
    Terminal terminal_;
    std::string text_ = "[";
    std::size_t failures_ = 0;
    std::size_t warnings_ = 0;
};

}  // namespace

int run_doctor(const DoctorCommand& command) {
    const auto file = configuration_file(command.config);
    const config::Loaded loaded = collectors::read_configuration(file);
    Printer printer(command.json, file);
    if (!loaded.problems.empty()) {
        printer.show({"configuration", about_configuration(file, loaded)});
        printer.end();
        return base::kConfig;
    }
    if (file)
        printer.show({"configuration", {{Kind::ok, base::escape_unsafe(file->string()) + " can be read"}}});
    const daemon::WebInputs web = web_inputs(loaded.config.web);
    auto secret_files = loaded.secret_files;
    secret_files.insert(secret_files.end(), web.secret_files.begin(), web.secret_files.end());
    if (auto secrets = examine_secret_files(secret_files, loaded.config.state.directory); !secrets.empty())
        printer.show({"secrets", std::move(secrets)});
    if (auto about = about_web(loaded.config.web, web); !about.empty())
        printer.show({"web", std::move(about)});
    const config::Config& config = loaded.config;
    printer.show({"state", examine_state(config.state)});
    printer.show({"migration", examine_migration(config)});
    for (const config::CollectorConfig& collector : config.collectors)
        printer.show(examine(config, collector));
    printer.show({"notify", examine_notify(config.notify)});
    printer.end();
    return printer.failed() ? base::kUnavailable : base::kOk;
}

}  // namespace keyshift::commands
