// SPDX-License-Identifier: Apache-2.0
// keyshift doctor: tries everything that the configured sources need, and says how to mend what is wrong.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include <unistd.h>

#include "app/commands.hpp"
#include "app/configuration.hpp"
#include "app/exit_code.hpp"
#include "app/terminal.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"
#include "collectors/catalog.hpp"
#include "drivers/interrupt.hpp"
#include "store/state.hpp"

namespace keyshift::app {
namespace {

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

std::vector<Finding> examine_state(const config::State& state) {
    const std::string directory = base::visible(state.directory.string());
    if (store::State::is_held(state.directory))
        return {{Kind::ok, "the daemon runs and keeps its state in " + directory}};
    std::filesystem::path there = state.directory;
    std::error_code ignored;
    while (!there.empty() && !std::filesystem::exists(there, ignored) && there != there.parent_path())
        there = there.parent_path();
    if (::access(there.c_str(), W_OK | X_OK) == 0)
        return {{Kind::ok, "no daemon runs; its state can be kept in " + directory}};
    return {{Kind::failure, "this user may not write to " + base::visible(there.string()),
             "run this as keyshift's user, or set state.directory"}};
}

Examined examine(const config::Config& config, const config::CollectorConfig& collector) {
    Examined out{collector.type, {}};
    drivers::Interrupt interrupt;
    try {
        const auto made =
            collectors::catalog_entry(collector.type).make(config.gateway, collector, interrupt);
        out.findings = made->examine(base::Deadline::in(collector.schedule.timeout));
    } catch (const std::exception& e) {
        out.findings = {{Kind::failure, std::string("unexpected: ") + e.what()}};
    }
    for (Finding& finding : out.findings) {
        if (!collector.extra || finding.kind != Kind::failure || !collectors::is_lacking(finding.code))
            continue;
        finding.kind = Kind::warning;
        finding.what = "not measured: " + finding.what;
    }
    return out;
}

std::string as_text(const Examined& examined, const Terminal& terminal) {
    constexpr std::size_t kSubject = 17;
    constexpr std::size_t kKind = 9;
    std::string out;
    for (const Finding& finding : examined.findings) {
        const Colour colour = finding.kind == Kind::ok        ? Colour::good
                              : finding.kind == Kind::warning ? Colour::warning
                                                              : Colour::bad;
        out += pad(out.empty() ? examined.subject : "", kSubject) +
               terminal.paint(colour, pad(kind_name(finding.kind), kKind)) + finding.what + "\n";
        std::string_view mend = finding.mend;
        while (!mend.empty()) {
            const std::size_t end = mend.find('\n');
            out += std::string(kSubject + kKind, ' ') + std::string(mend.substr(0, end)) + "\n";
            mend = end == std::string_view::npos ? std::string_view{} : mend.substr(end + 1);
        }
    }
    return out;
}

void append_json(const Examined& examined, std::string& out) {
    for (const Finding& finding : examined.findings) {
        out += out.size() > 1 ? ",\n " : "\n ";
        out += "{\"subject\": ";
        base::append_json_string(out, examined.subject);
        out += ", \"result\": ";
        base::append_json_string(out, kind_name(finding.kind));
        out += ", \"what\": ";
        base::append_json_string(out, finding.what);
        out += ", \"mend\": ";
        base::append_json_string(out, finding.mend);
        out += "}";
    }
}

}  // namespace

int run_doctor(const DoctorCommand& command) {
    const auto config = load_configuration(command.config);
    if (!config) return kConfig;
    const Terminal terminal;
    bool failed = false;
    std::string json = "[";
    const auto show = [&](const Examined& examined) {
        for (const Finding& finding : examined.findings) failed = failed || finding.kind == Kind::failure;
        if (command.json) return append_json(examined, json);
        std::fputs(as_text(examined, terminal).c_str(), stdout);
        std::fflush(stdout);
    };
    show({"state", examine_state(config->state)});
    for (const config::CollectorConfig& collector : config->collectors) show(examine(*config, collector));
    if (command.json) std::fputs((json + "\n]\n").c_str(), stdout);
    return failed ? kUnavailable : kOk;
}

}  // namespace keyshift::app
