// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "app/commands.hpp"
#include "app/exit_code.hpp"
#include "drivers/postgres_target.hpp"

namespace keyshift::app {
namespace {

struct Run {
    int operator()(const ReportCommand& command) const { return run_report(command); }
    int operator()(const ServeCommand& command) const { return run_serve(command); }
    int operator()(const CheckCommand& command) const { return run_check(command); }
    int operator()(const CheckLogCommand& command) const { return run_check_log(command); }
    int operator()(const FailuresCommand& command) const { return run_failures(command); }
    int operator()(const StatusCommand& command) const { return run_status(command); }
    int operator()(const VerdictCommand& command) const { return run_verdict(command); }
    int operator()(const KeyCommand& command) const { return run_key(command); }
    int operator()(const PairCommand& command) const { return run_pair(command); }
    int operator()(const AckCommand& command) const { return run_ack(command); }
    int operator()(const AcceptTableCommand& command) const { return run_accept_table(command); }
    int operator()(const SqlCommand& command) const { return run_sql(command); }
    int operator()(const DoctorCommand& command) const { return run_doctor(command); }
    int operator()(const Message& message) const {
        std::fputs(message.text.c_str(), message.exit_code == kOk ? stdout : stderr);
        return message.exit_code;
    }
};

}  // namespace

int run(int argc, const char* const* argv) {
    drivers::ignore_session_environment();
    return std::visit(Run{}, parse_command_line(argc, argv));
}

}  // namespace keyshift::app
