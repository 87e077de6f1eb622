// SPDX-License-Identifier: Apache-2.0
#include "cli/run.hpp"

#include <cstdio>

#include "base/exit_code.hpp"
#include "cli/command_line.hpp"
#include "drivers/dsn/postgres_target.hpp"

namespace keyshift::cli {
namespace {

struct Run {
    int operator()(const commands::ReportCommand& command) const { return commands::run_report(command); }
    int operator()(const commands::ServeCommand& command) const { return commands::run_serve(command); }
    int operator()(const commands::CheckCommand& command) const { return commands::run_check(command); }
    int operator()(const commands::CheckLogCommand& command) const {
        return commands::run_check_log(command);
    }
    int operator()(const commands::FailuresCommand& command) const { return commands::run_failures(command); }
    int operator()(const commands::StatusCommand& command) const { return commands::run_status(command); }
    int operator()(const commands::VerdictCommand& command) const { return commands::run_verdict(command); }
    int operator()(const commands::KeyCommand& command) const { return commands::run_key(command); }
    int operator()(const commands::EventsCommand& command) const { return commands::run_events(command); }
    int operator()(const commands::PairCommand& command) const { return commands::run_pair(command); }
    int operator()(const commands::AckCommand& command) const { return commands::run_ack(command); }
    int operator()(const commands::MarkCommand& command) const { return commands::run_mark(command); }
    int operator()(const commands::AcceptTableCommand& command) const {
        return commands::run_accept_table(command);
    }
    int operator()(const commands::SqlCommand& command) const { return commands::run_sql(command); }
    int operator()(const commands::DoctorCommand& command) const { return commands::run_doctor(command); }
    int operator()(const commands::HealthcheckCommand& command) const {
        return commands::run_healthcheck(command);
    }
    int operator()(const commands::OnceCommand& command) const { return commands::run_once(command); }
    int operator()(const commands::ExportCommand& command) const { return commands::run_export(command); }
    int operator()(const NoCommand& none) const { return commands::run_status_of_daemon(none.help); }
    int operator()(const Message& message) const {
        std::fputs(message.text.c_str(), message.exit_code == base::kOk ? stdout : stderr);
        return message.exit_code;
    }
};

}  // namespace

int run(int argc, const char* const* argv) {
    drivers::ignore_session_environment();
    return std::visit(Run{}, parse_command_line(argc, argv));
}

}  // namespace keyshift::cli
