// SPDX-License-Identifier: Apache-2.0
// What each subcommand does; one file each. They return the process's exit code and say on standard error
// what went wrong and what to do about it.
#pragma once

#include "app/command_line.hpp"

namespace keyshift::app {

int run_report(const ReportCommand& command);
int run_serve(const ServeCommand& command);
int run_check(const CheckCommand& command);
int run_check_log(const CheckLogCommand& command);
int run_failures(const FailuresCommand& command);
int run_status(const StatusCommand& command);
int run_verdict(const VerdictCommand& command);
int run_key(const KeyCommand& command);
int run_pair(const PairCommand& command);
int run_ack(const AckCommand& command);
int run_accept_table(const AcceptTableCommand& command);
int run_sql(const SqlCommand& command);
int run_doctor(const DoctorCommand& command);

/// Runs the command that `argv` asks for.
int run(int argc, const char* const* argv);

}  // namespace keyshift::app
